//! That the stand-in of HighLevel's API gives what is documented, and misbehaves as it is set.

mod changes;
mod client;
mod faults;
mod limits;
mod oddities;
mod pages;
mod shapes;
mod whole;
