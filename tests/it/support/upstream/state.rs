//! What the stand-in knows, and how it answers one request.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use super::answer::Answer;
use super::clock::{Clock, http_date};
use super::location::{Location, Millis};
use super::reading::Reading;
use super::routes::Route;
use super::settings::Settings;

/// A request, its headers by names in lower case.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// A request that was seen, and how it was answered.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) at: Millis,
    pub(crate) route: Option<Route>,
    pub(crate) request: Request,
    pub(crate) status: u16,
}

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) locations: Vec<Location>,
    pub(crate) seen: Vec<Seen>,
}

/// What the threads of a stand-in share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    state: Mutex<State>,
}

impl Shared {
    pub(crate) fn new(locations: Vec<Location>, settings: Settings) -> Self {
        let state = State { settings, locations, seen: Vec::new() };
        Self { clock: Clock::default(), state: Mutex::new(state) }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.clock.pass(time);
    }

    /// Answers a request, and remembers it.
    pub(crate) fn answer(&self, request: Request) -> Answer {
        let now = self.clock.now();
        let mut state = self.lock();
        let found = Route::find(&request.method, &request.path);
        let route = found.as_ref().map(|(route, _)| *route);
        let answer = state.answer(&request, found, now).unwrap_or_else(|refusal| refusal);
        state.seen.push(Seen { at: now, route, request, status: answer.status });
        answer.with("date", http_date(now))
    }
}

impl State {
    fn answer(
        &self,
        request: &Request,
        found: Option<(Route, Vec<String>)>,
        now: Millis,
    ) -> Result<Answer, Answer> {
        let unknown = || Answer::error(404, &format!("Cannot {} {}", request.method, request.path));
        let (route, values) = found.ok_or_else(unknown)?;
        let location = self.opened(request)?;
        if request.header("version").is_empty() {
            return Err(Answer::error(401, "version header was not found."));
        }
        let reading = Reading { location, settings: &self.settings, at: now };
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        reading.answer(route, &values, request)
    }

    /// Returns the location that the token of a request opens.
    fn opened(&self, request: &Request) -> Result<&Location, Answer> {
        let token = request.header("authorization").strip_prefix("Bearer ").unwrap_or_default();
        let found = self.locations.iter().find(|it| it.token == token.trim());
        let is_private = token.starts_with("pit-");
        let text = if is_private { "Invalid Private Integration token" } else { "Invalid JWT" };
        found.ok_or_else(|| Answer::error(401, text))
    }
}

impl Reading<'_> {
    fn answer(&self, route: Route, values: &[&str], request: &Request) -> Result<Answer, Answer> {
        let (query, body) = (&*request.query, &*request.body);
        match (route, values) {
            (Route::Objects, _) => self.objects(query),
            (Route::Associations, _) => self.associations(query),
            (Route::Businesses, _) => self.businesses(query),
            (Route::ContactSearch, _) => self.search_contacts(body),
            (Route::OpportunitySearch, _) => self.search_opportunities(query),
            (Route::Association, [id]) => self.association(id, query),
            (Route::AssociationByKey, [key]) => self.association_by_key(key, query),
            (Route::AssociationsOfObject, [key]) => self.associations_of_object(key, query),
            (Route::Relations, [record]) => self.relations(record, query),
            (Route::RecordSearch, [key]) => self.search_records(key, body),
            (Route::Record, [key, id]) => self.record_by_id(key, id, query),
            (Route::Contact, [id]) => self.contact_by_id(id, query),
            (Route::Opportunity, [id]) => self.opportunity_by_id(id, query),
            (Route::Business, [id]) => self.business_by_id(id, query),
            (Route::Location, [id]) => self.location_by_id(id, query),
            (route, values) => unreachable!("{route:?} with {values:?}"),
        }
    }
}
