//! Several stores that write one journal by turns.

mod schedules;
