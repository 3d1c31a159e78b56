//! Lists that are read with `skip` and `limit`.

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::location::{Association, Relation};
use super::parameters::Parameters;
use super::reading::{Reading, page_size};
use super::settings::{Shape, Spoiled};

/// The rows of an unlimited page.
const DEFAULT_LIMIT: usize = 100;

impl Reading<'_> {
    pub(crate) fn objects(&self, query: &str) -> Result<Answer, Answer> {
        let mut parameters = Parameters::of_query(query, &["locationId"]);
        let location = parameters.needed("locationId");
        parameters.check()?;
        self.check_location(&location)?;
        let rows: Vec<Value> = self.location.objects.iter().map(|it| self.object_row(it)).collect();
        Ok(Answer::traced(200, json!({"objects": rows})))
    }

    pub(crate) fn associations(&self, query: &str) -> Result<Answer, Answer> {
        let mut parameters = Parameters::of_query(query, &["locationId", "skip", "limit"]);
        let location = parameters.needed("locationId");
        let skip = parameters.number("skip").unwrap_or(0);
        let cap = self.settings.caps.associations;
        let limit = page_size(&mut parameters, "limit", DEFAULT_LIMIT, cap);
        parameters.check()?;
        self.check_location(&location)?;
        let mut all = self.alive_associations();
        self.put_in_order(&mut all);
        self.turn("/associations", &mut all);
        let page = all.iter().skip(skip).take(limit);
        let rows: Vec<Value> = page.map(|it| self.association_row(it)).collect();
        Ok(self.list("associations", rows, all.len(), query))
    }

    pub(crate) fn relations(&self, record: &str, query: &str) -> Result<Answer, Answer> {
        let known = ["locationId", "skip", "limit", "associationIds[]"];
        let mut parameters = Parameters::of_query(query, &known);
        let location = parameters.needed("locationId");
        let skip = parameters.number("skip").unwrap_or(0);
        let cap = self.settings.caps.relations;
        let limit = page_size(&mut parameters, "limit", DEFAULT_LIMIT, cap);
        parameters.check()?;
        self.check_location(&location)?;
        let wanted = parameters.texts("associationIds");
        let id = |it: &Relation| &*self.location.associations[it.association].id;
        let mut all = self.relations_of(record);
        all.retain(|it| wanted.is_empty() || wanted.contains(&id(it)));
        self.lose_some(record, &mut all);
        self.turn(&format!("/associations/relations/{record}"), &mut all);
        let page = all.iter().skip(skip).take(limit);
        let mut rows: Vec<Value> = page.map(|it| self.relation_row(it)).collect();
        self.spoil(&mut rows);
        Ok(self.list("relations", rows, all.len(), &format!("{record}?{query}")))
    }

    pub(crate) fn businesses(&self, query: &str) -> Result<Answer, Answer> {
        let mut parameters = Parameters::of_query(query, &["locationId", "skip", "limit"]);
        let location = parameters.needed("locationId");
        let skip = parameters.number("skip").unwrap_or(0);
        let cap = self.settings.caps.businesses;
        let limit = page_size(&mut parameters, "limit", DEFAULT_LIMIT, cap);
        parameters.check()?;
        self.check_location(&location)?;
        let list = self.location.records.get("business").into_iter().flatten();
        let mut all: Vec<_> = list.filter(|it| it.span.has(self.at)).collect();
        self.put_in_order(&mut all);
        self.turn("/businesses", &mut all);
        let page = all.iter().skip(skip).take(limit);
        let rows: Vec<Value> = page.map(|it| self.business(it)).collect();
        // This list never says how many there are.
        Ok(Answer::traced(200, json!({"businesses": rows})))
    }

    pub(crate) fn associations_of_object(&self, key: &str, query: &str) -> Result<Answer, Answer> {
        let known = ["locationId", "includeInternalAssociations", "relationsCount"];
        let parameters = Parameters::of_query(query, &known);
        parameters.check()?;
        if let Some(location) = parameters.text("locationId") {
            self.check_location(location)?;
        }
        let mut all = self.alive_associations();
        all.retain(|it| it.ends.iter().any(|end| end == key));
        let rows: Vec<Value> = all.iter().map(|it| self.association_row(it)).collect();
        Ok(match self.settings.shape {
            Shape::Array => Answer::new(200, &Value::Array(rows)),
            Shape::Object => Answer::traced(200, rows.into_iter().next().unwrap_or(json!({}))),
            Shape::Wrapped => Answer::traced(200, json!({"associations": rows})),
        })
    }

    fn spoil(&self, rows: &mut [Value]) {
        let Some(last) = rows.last_mut() else { return };
        match self.settings.spoiled {
            Spoiled::Nothing => {}
            Spoiled::NoId => drop(last.as_object_mut().unwrap().remove("id")),
            Spoiled::OtherLocation => last["locationId"] = json!("another"),
        }
    }

    /// Returns the associations that are there, oldest first.
    pub(crate) fn alive_associations(&self) -> Vec<&Association> {
        let alive = self.location.associations.iter().filter(|it| it.span.has(self.at));
        let mut all: Vec<&Association> = alive.collect();
        all.sort_by_key(|it| (it.span.made, &it.id));
        all
    }

    fn list(&self, name: &str, rows: Vec<Value>, exact: usize, of: &str) -> Answer {
        let mut body = Map::new();
        let total = self.total(exact, rows.len(), of);
        body.insert(name.to_owned(), rows.into());
        body.extend(total.map(|total| ("total".to_owned(), total)));
        Answer::traced(200, body.into())
    }
}
