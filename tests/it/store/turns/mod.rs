//! Several stores that write one journal by turns.

mod cut_off;
mod erasures;
mod schedules;
