"""River detectors behind one contract, their checks and their evaluation."""
