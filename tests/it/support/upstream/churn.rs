//! Changes at random, while the location is read.

use super::changes::Change;
use super::location::{Location, Millis};
use super::plan::name;

impl Change<'_> {
    /// Makes one change at random: mostly links come and go, now and then a definition or
    /// a record is renamed, and a record comes or goes with its links.
    pub(crate) fn churn(&mut self) {
        let kind = self.random.below(100);
        match kind {
            0..40 => self.link_somewhere(),
            40..70 => self.unlink_somewhere(),
            70..80 => self.rename_some_association(),
            80..88 => self.make_some_record(),
            88..95 => self.rename_some_record(),
            _ => self.delete_some_record(),
        }
    }

    fn link_somewhere(&mut self) {
        let alive = (0..self.location.associations.len())
            .filter(|place| self.location.associations[*place].span.has(self.at))
            .collect::<Vec<_>>();
        let place = self.one(&alive);
        let ends = self.location.associations[place].ends.clone();
        let [first, second] = ends.map(|object| self.some_record(&object));
        if let (Some(first), Some(second)) = (first, second)
            && first != second
        {
            self.make_relation(place, [first, second]);
        }
    }

    fn unlink_somewhere(&mut self) {
        let alive = self.location.relations().iter().filter(|it| it.span.has(self.at));
        let ids: Vec<String> = alive.map(|it| it.id.clone()).collect();
        if !ids.is_empty() {
            let id = self.one(&ids);
            self.delete_relation(&id);
        }
    }

    fn rename_some_association(&mut self) {
        let alive = self.location.associations.iter();
        let alive = alive.filter(|it| it.span.has(self.at) && !it.system);
        let ids: Vec<String> = alive.map(|it| it.id.clone()).collect();
        if !ids.is_empty() {
            let (id, number) = (self.one(&ids), self.random.below(1_000_000));
            self.rename_association(&id, [&format!("First {number}"), &format!("Second {number}")]);
        }
    }

    fn make_some_record(&mut self) {
        let object = self.some_object();
        let name = name(self.random, &object);
        self.make_record(&object, &name);
    }

    fn rename_some_record(&mut self) {
        let object = self.some_object();
        if let Some(id) = self.some_record(&object) {
            let name = name(self.random, &object);
            self.rename_record(&object, &id, &name);
        }
    }

    fn delete_some_record(&mut self) {
        let object = self.some_object();
        if let Some(id) = self.some_record(&object) {
            self.delete_record(&object, &id);
        }
    }

    fn some_object(&mut self) -> String {
        let keys: Vec<String> = self.location.objects.iter().map(|it| it.key.clone()).collect();
        self.one(&keys)
    }

    /// Returns a record of an object that is there.
    pub(crate) fn some_record(&mut self, object: &str) -> Option<String> {
        let ids = alive_records(self.location, object, self.at);
        (!ids.is_empty()).then(|| self.one(&ids))
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.random.place(of.len())].clone()
    }
}

fn alive_records(location: &Location, object: &str, at: Millis) -> Vec<String> {
    let list = location.records.get(object).into_iter().flatten();
    list.filter(|it| it.span.has(at)).map(|it| it.id.clone()).collect()
}
