//! Several stores that write one journal by turns.

mod checks;
mod clocks;
mod compactions;
mod cut_off;
mod erasures;
#[cfg(all(feature = "server", unix))]
mod index;
mod on_demand;
mod schedules;
