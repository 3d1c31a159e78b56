//! From a graph to the formats of other tools.
