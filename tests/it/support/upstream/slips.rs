//! Lists that change between two pages of them, so that rows slip past who reads them.

use super::location::Millis;
use super::reading::Reading;
use super::request::Request;
use super::routes::Route;
use super::settings::Slip;
use super::state::State;

impl State {
    /// Changes the list that a request continues, as often as the settings say.
    pub(crate) fn slip(
        &mut self,
        place: usize,
        route: Route,
        values: &[String],
        request: &Request,
        at: Millis,
    ) {
        let slips = self.settings.slips;
        let skip = request.query.split('&').find_map(|it| it.strip_prefix("skip="));
        if skip.is_none_or(|skip| skip == "0") {
            return;
        }
        let path = request.path.trim_end_matches('/');
        let slipped = self.slipped.entry(path.to_owned()).or_default();
        if *slipped >= slips.times {
            return;
        }
        *slipped += 1;
        match (slips.kind, route, values) {
            (Slip::Turn, _, _) => {
                *self.turned.entry(path.to_owned()).or_default() += slips.rows;
            }
            (Slip::Go | Slip::Come, Route::Relations, [record]) => {
                self.slip_relations(place, record, at);
            }
            _ => {}
        }
    }

    fn slip_relations(&mut self, place: usize, record: &str, at: Millis) {
        let slips = self.settings.slips;
        let reading = Reading {
            location: &self.locations[place],
            settings: &self.settings,
            at,
            turned: &self.turned,
        };
        let front: Vec<_> =
            reading.relations_of(record).into_iter().take(slips.rows).cloned().collect();
        let Some(like) = front.first().cloned() else { return };
        let mut change = self.change(place, at);
        if slips.kind == Slip::Go {
            for relation in front {
                change.delete_relation(&relation.id);
            }
            return;
        }
        let far = usize::from(like.records[0] == record);
        let object = change.location.associations[like.association].ends[far].clone();
        for _ in 0..slips.rows {
            // Most records are not linked yet: a few attempts find one.
            for _ in 0..50 {
                let mut records = like.records.clone();
                records[far] = change.some_record(&object).unwrap();
                if records[0] != records[1]
                    && change.make_relation(like.association, records).is_some()
                {
                    break;
                }
            }
        }
    }
}
