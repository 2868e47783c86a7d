"""Ready-made property tests of somebody else's functions and system, as a target file's [properties] names them."""
