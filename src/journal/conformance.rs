//! What every journal must do, run against each.
