//! Relations inside of the rows of records and opportunities.

use serde_json::{Value, json};

use super::draw::draw;
use super::location::{Millis, Relation};
use super::reading::Reading;
use super::settings::Embedded;

impl Reading<'_> {
    /// Adds the relations of a record to its row, as far as the settings have them there.
    pub(crate) fn with_relations(&self, mut row: Value, record: &str) -> Value {
        let relations = match self.settings.embedded {
            Embedded::Absent => return row,
            Embedded::Empty => Vec::new(),
            Embedded::AsOf(at) => self.embedded(record, at),
            Embedded::Full | Embedded::WithoutIds | Embedded::WithWrongIds => {
                self.embedded(record, self.at)
            }
            Embedded::Short => {
                let mut rows = self.embedded(record, self.at);
                let seed = self.settings.seed;
                rows.retain(|row| draw(seed, row["relationId"].as_str()).below(4) > 0);
                rows
            }
        };
        row["relations"] = relations.into();
        row
    }

    fn embedded(&self, record: &str, at: Millis) -> Vec<Value> {
        let of = self.location.relations_of(record).filter(|it| it.span.has(at));
        of.map(|relation| self.embedded_row(relation, record)).collect()
    }

    fn embedded_row(&self, relation: &Relation, record: &str) -> Value {
        let association = &self.location.associations[relation.association];
        let far = usize::from(relation.records[0] == record);
        let mut row = json!({
            "associationId": association.id,
            "objectKey": association.ends[far],
            "recordId": relation.records[far],
            "primary": association.system,
        });
        match self.settings.embedded {
            Embedded::WithoutIds => {}
            Embedded::WithWrongIds => row["relationId"] = json!(record),
            _ => row["relationId"] = json!(relation.id),
        }
        row
    }
}
