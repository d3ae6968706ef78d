"""Who is on duty where and when, and whom to propose for a case."""
