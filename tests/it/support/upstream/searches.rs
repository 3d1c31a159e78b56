//! Searches, which go on from a cursor or by page numbers.

use serde_json::{Map, Value, json};

use super::answer::Answer;
use super::location::{Millis, Record};
use super::parameters::Parameters;
use super::reading::{Reading, page_size};
use super::settings::Order;

/// The members of a search of records, and of one of contacts.
const RECORD_MEMBERS: [&str; 5] = ["locationId", "page", "pageLimit", "query", "searchAfter"];
const CONTACT_MEMBERS: [&str; 7] =
    ["locationId", "page", "pageLimit", "query", "searchAfter", "sort", "filters"];

/// The parameters of a search of opportunities that change nothing here, or do what they say.
/// Which one names the location depends on the version.
const OPPORTUNITY_PARAMETERS: [&str; 10] = [
    "status",
    "order",
    "q",
    "startAfter",
    "startAfterId",
    "page",
    "limit",
    "getTasks",
    "getNotes",
    "getCalendarEvents",
];

/// What is asked of a search.
#[derive(Debug)]
struct Search {
    order: Order,
    after: Option<(Millis, String)>,
    page: usize,
    limit: usize,
    words: String,
}

/// What it finds.
struct Found<'u> {
    rows: Vec<&'u Record>,
    exact: usize,
}

impl<'u> Reading<'u> {
    pub(crate) fn search_records(&self, key: &str, body: &[u8]) -> Result<Answer, Answer> {
        let mut parameters = Parameters::of_body(body, &RECORD_MEMBERS)?;
        let cap = self.settings.caps.records;
        let limit = page_size(&mut parameters, "pageLimit", 20, cap);
        let search = self.search(&mut parameters, limit, self.settings.order)?;
        let is_custom = key.starts_with("custom_objects.");
        let is_business = key == "business" && self.settings.searches.has_businesses;
        if !is_custom && !is_business {
            return Err(Answer::error(400, &format!("Records of {key} cannot be searched")));
        }
        let object = self.location.objects.iter().find(|it| it.key == key);
        let object = object.ok_or_else(|| Answer::error(404, "Object not found"))?;
        let found = self.find(key, &search)?;
        let row = |record: &&Record| self.with_cursor(self.record_row(object, record), record);
        let rows = found.rows.iter().map(row).collect();
        let status = self.settings.searches.status;
        Ok(self.search_answer(status, "records", rows, found.exact))
    }

    pub(crate) fn search_contacts(&self, body: &[u8]) -> Result<Answer, Answer> {
        let mut parameters = Parameters::of_body(body, &CONTACT_MEMBERS)?;
        if parameters.get("pageLimit").is_none() {
            parameters.fault("pageLimit should not be empty".to_owned());
        }
        let limit = page_size(&mut parameters, "pageLimit", 20, self.settings.caps.contacts);
        let order = match parameters.get("sort").map(|sort| &sort[0]) {
            Some(sort) if sort["field"] == "dateAdded" && sort["direction"] == "asc" => {
                Order::Oldest
            }
            Some(sort) if sort["field"] == "dateAdded" => Order::Newest,
            Some(_) => return Err(Answer::error(400, "sort by this field is not known here")),
            None => self.settings.order,
        };
        let has_page = parameters.get("page").is_some();
        let search = self.search(&mut parameters, limit, order)?;
        if has_page && search.after.is_some() {
            return Err(Answer::error(400, "page and searchAfter cannot be used together"));
        }
        let found = self.find("contact", &search)?;
        let row = |record: &&Record| self.with_cursor(self.contact_row(record), record);
        Ok(self.search_answer(200, "contacts", found.rows.iter().map(row).collect(), found.exact))
    }

    pub(crate) fn search_opportunities(
        &self,
        query: &str,
        version: &str,
    ) -> Result<Answer, Answer> {
        let location = if version == "v3" { "locationId" } else { "location_id" };
        let known = [&OPPORTUNITY_PARAMETERS[..], &[location]].concat();
        let mut parameters = Parameters::of_query(query, &known);
        let location = parameters.needed(location);
        let limit = page_size(&mut parameters, "limit", 20, self.settings.caps.opportunities);
        let after = parameters.number("startAfter").map(|it| Millis::try_from(it).unwrap());
        let after = after.zip(parameters.text("startAfterId").map(str::to_owned));
        let page = parameters.number("page").unwrap_or(1);
        parameters.check()?;
        self.check_location(&location)?;
        let order = match parameters.text("order") {
            Some("added_asc") => Order::Oldest,
            Some("added_desc") => Order::Newest,
            _ => self.settings.order,
        };
        let words = parameters.text("q").unwrap_or_default().to_owned();
        let mut found = self.find("opportunity", &Search { order, after, page, limit, words })?;
        if !matches!(parameters.text("status"), None | Some("all" | "open")) {
            found = Found { rows: Vec::new(), exact: 0 };
        }
        let rows: Vec<Value> = found.rows.iter().map(|it| self.opportunity(it)).collect();
        let mut meta = Map::new();
        let total = self.total(found.exact, rows.len(), query);
        meta.extend(total.map(|total| ("total".to_owned(), total)));
        // The last page has a cursor, too.
        if let Some(last) = found.rows.last() {
            meta.insert("startAfter".to_owned(), last.span.made.into());
            meta.insert("startAfterId".to_owned(), last.id.clone().into());
        }
        meta.insert("currentPage".to_owned(), page.into());
        meta.insert("nextPage".to_owned(), (page + 1).into());
        meta.insert("prevPage".to_owned(), (page > 1).then(|| page - 1).into());
        Ok(Answer::traced(200, json!({"opportunities": rows, "meta": meta, "aggregations": {}})))
    }

    fn search(
        &self,
        parameters: &mut Parameters,
        limit: usize,
        order: Order,
    ) -> Result<Search, Answer> {
        let location = parameters.needed("locationId");
        let page = parameters.number("page").unwrap_or(1);
        let after = match parameters.get("searchAfter").and_then(Value::as_array).map(|it| &**it) {
            None | Some([]) => None,
            Some([made, id]) => {
                let made = made.as_i64().or_else(|| made.as_str()?.parse().ok());
                made.zip(id.as_str().map(str::to_owned))
            }
            Some(_) => {
                parameters.fault("searchAfter must have two elements".to_owned());
                None
            }
        };
        parameters.check()?;
        self.check_location(&location)?;
        let words = parameters.text("query").unwrap_or_default().to_owned();
        Ok(Search { order, after, page, limit, words })
    }

    fn find(&self, key: &str, search: &Search) -> Result<Found<'u>, Answer> {
        let all = self.location.records.get(key).map_or(&[][..], Vec::as_slice);
        let matches = |it: &&Record| {
            let name = || it.name.at(self.at).to_lowercase();
            it.span.has(self.at)
                && (search.words.is_empty() || name().contains(&search.words.to_lowercase()))
        };
        let exact = all.iter().filter(matches).count();
        let page = |range: &'u [Record], skip: usize| -> Vec<&'u Record> {
            let (skip, limit) = (skip, search.limit);
            match search.order {
                Order::Oldest => range.iter().filter(matches).skip(skip).take(limit).collect(),
                Order::Newest => {
                    range.iter().rev().filter(matches).skip(skip).take(limit).collect()
                }
            }
        };
        let Some((made, id)) = &search.after else {
            if search.page.max(1) * search.limit > self.settings.searches.window {
                return Err(Answer::error(400, "Result window is too large"));
            }
            return Ok(Found { rows: page(all, (search.page.max(1) - 1) * search.limit), exact });
        };
        let range = match search.order {
            Order::Oldest => {
                &all[all.partition_point(|it| (it.span.made, &it.id) <= (*made, id))..]
            }
            Order::Newest => &all[..all.partition_point(|it| (it.span.made, &it.id) < (*made, id))],
        };
        let mut rows = page(range, 0);
        if rows.is_empty() && self.settings.searches.repeats_last {
            rows = page(all, exact.saturating_sub(search.limit));
        }
        Ok(Found { rows, exact })
    }

    fn with_cursor(&self, mut row: Value, record: &Record) -> Value {
        if self.settings.searches.has_cursors {
            row["searchAfter"] = json!([record.span.made, record.id]);
        }
        row
    }

    fn search_answer(&self, status: u16, name: &str, rows: Vec<Value>, exact: usize) -> Answer {
        let mut body = Map::new();
        let total = self.total(exact, rows.len(), name);
        body.insert(name.to_owned(), rows.into());
        body.extend(total.map(|total| ("total".to_owned(), total)));
        Answer::traced(status, body.into())
    }
}
