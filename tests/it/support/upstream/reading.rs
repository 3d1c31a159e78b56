//! A location as one request reads it.

use std::collections::HashMap;

use serde_json::Value;

use super::answer::Answer;
use super::draw::draw;
use super::location::{Location, Millis, Relation};
use super::parameters::Parameters;
use super::settings::{Order, PageCap, Settings, Total};

/// What a request reads, and as of when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading<'u> {
    pub(crate) location: &'u Location,
    pub(crate) settings: &'u Settings,
    pub(crate) at: Millis,
    /// How many rows of a list went from its front to its end, by the path of the list.
    pub(crate) turned: &'u HashMap<String, usize>,
}

impl<'u> Reading<'u> {
    /// Refuses a request for another location than that of the token.
    pub(crate) fn check_location(&self, id: &str) -> Result<(), Answer> {
        if id == self.location.id {
            return Ok(());
        }
        Err(Answer::error(403, "The token does not have access to this location."))
    }

    /// Returns the relations of a record, in the order of the settings.
    pub(crate) fn relations_of(&self, record: &str) -> Vec<&'u Relation> {
        let alive = self.location.relations_of(record).filter(|it| it.span.has(self.at));
        let mut relations: Vec<&Relation> = alive.collect();
        relations.sort_by_key(|it| (it.span.made, &it.id));
        self.put_in_order(&mut relations);
        relations
    }

    /// Turns what is sorted by age around if the newest comes first.
    pub(crate) fn put_in_order<T>(&self, rows: &mut [T]) {
        if self.settings.order == Order::Newest {
            rows.reverse();
        }
    }

    /// Puts the rows of a list in the order that it has come to.
    pub(crate) fn turn<T>(&self, path: &str, rows: &mut [T]) {
        if let Some(turned) = self.turned.get(path).filter(|_| !rows.is_empty()) {
            rows.rotate_left(turned % rows.len());
        }
    }

    /// Leaves out of the list of a record what lists of several associations lose.
    pub(crate) fn lose_some(&self, record: &str, rows: &mut Vec<&Relation>) {
        let settings = self.settings;
        let is_mixed = rows.iter().any(|it| it.association != rows[0].association);
        let loses = draw(settings.seed, record).below(100) < settings.mixed_loss_percent;
        if is_mixed && loses {
            let before = rows.len();
            rows.retain(|it| draw(settings.seed, &it.id).below(3) > 0);
            rows.truncate(before - 1);
        }
    }

    /// Returns what is said of how many there are; nothing where it is left out.
    pub(crate) fn total(&self, exact: usize, page: usize, of: &str) -> Option<Value> {
        Some(match self.settings.total {
            Total::Exact => exact.into(),
            Total::Absent => return None,
            Total::Null => Value::Null,
            Total::Low => (exact / 2).into(),
            Total::High => (exact + exact / 2 + 1).into(),
            Total::Page => page.into(),
            Total::Zero => 0.into(),
            Total::Random => draw(exact as u64, of).below(2 * exact as u64 + 2).into(),
        })
    }
}

/// Reads how many rows are asked for under a name, within a cap.
pub(crate) fn page_size(
    parameters: &mut Parameters,
    name: &str,
    default: usize,
    cap: PageCap,
) -> usize {
    let asked = parameters.number(name).unwrap_or(default.min(cap.rows));
    if asked == 0 {
        parameters.fault(format!("{name} must not be less than 1"));
    }
    if asked > cap.rows && cap.refuses {
        parameters.fault(format!("{name} must not be greater than {}", cap.rows));
    }
    asked.min(cap.rows)
}
