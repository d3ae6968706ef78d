"""Where something lies: areas, their boundaries over time, and the way from a point or a name to a grid."""
