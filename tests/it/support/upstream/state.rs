//! What the stand-in knows, and how it answers one request.

use std::collections::HashMap;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

use super::answer::Answer;
use super::changes::Change;
use super::clock::{Clock, http_date, millis};
use super::faults::{self, Attempts};
use super::limiter::Usage;
use super::location::{Location, Millis};
use super::reading::Reading;
use super::request::{Request, Seen};
use super::routes::Route;
use super::settings::Settings;
use super::webhooks::Webhooks;
use crate::support::random::Random;

#[derive(Debug)]
pub(crate) struct State {
    pub(crate) settings: Settings,
    pub(crate) locations: Vec<Location>,
    pub(crate) seen: Vec<Seen>,
    pub(crate) webhooks: Webhooks,
    /// How often a list slipped, by its path.
    pub(crate) slipped: HashMap<String, usize>,
    /// How many rows of a list went from its front to its end.
    pub(crate) turned: HashMap<String, usize>,
    /// By the place of the location.
    pub(crate) usages: Vec<Usage>,
    attempts: Attempts,
    random: Random,
}

/// What the threads of a stand-in share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    state: Mutex<State>,
    changed: Condvar,
}

impl Shared {
    pub(crate) fn new(locations: Vec<Location>, settings: Settings) -> Self {
        let state = State {
            random: Random(settings.seed),
            settings,
            usages: vec![Usage::default(); locations.len()],
            locations,
            attempts: Attempts::default(),
            seen: Vec::new(),
            webhooks: Webhooks::default(),
            slipped: HashMap::new(),
            turned: HashMap::new(),
        };
        Self { clock: Clock::default(), state: Mutex::new(state), changed: Condvar::new() }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Wakes all that wait for something to happen.
    pub(crate) fn changed(&self) {
        self.changed.notify_all();
    }

    /// Waits until something happens, or for this long.
    pub(crate) fn wait<'s>(
        &self,
        state: MutexGuard<'s, State>,
        time: Option<Duration>,
    ) -> MutexGuard<'s, State> {
        match time {
            None => self.changed.wait(state).unwrap(),
            Some(time) => self.changed.wait_timeout(state, time).unwrap().0,
        }
    }

    pub(crate) fn pass(&self, time: Duration) {
        // Under the lock, so that nobody who is about to wait misses it.
        let state = self.lock();
        self.clock.pass(time);
        drop(state);
        self.changed();
    }

    /// Returns how long an answer takes.
    pub(crate) fn latency(&self) -> Duration {
        self.lock().settings.latency
    }

    /// Answers a request, and remembers it.
    pub(crate) fn answer(&self, request: Request) -> Answer {
        let now = self.clock.now();
        let mut state = self.lock();
        let found = Route::find(&request.method, &request.path);
        let route = found.as_ref().map(|(route, _)| *route);
        let answer = state.answer(&request, found, now).unwrap_or_else(|refusal| refusal);
        state.seen.push(Seen { at: now, route, request, status: answer.status });
        let every = state.settings.churn_every;
        if every > 0 && state.seen.len().is_multiple_of(every) {
            state.change(0, now).churn();
        }
        let has_date = state.settings.has_date;
        drop(state);
        self.changed();
        if has_date { answer.with("date", http_date(now)) } else { answer }
    }
}

impl State {
    fn answer(
        &mut self,
        request: &Request,
        found: Option<(Route, Vec<String>)>,
        now: Millis,
    ) -> Result<Answer, Answer> {
        self.settings.refusals.at_edge(request)?;
        let unknown = || Answer::error(404, &format!("Cannot {} {}", request.method, request.path));
        let (route, values) = found.ok_or_else(unknown)?;
        let location = self.opened(request)?;
        if request.header("version").is_empty() {
            return Err(Answer::error(401, "version header was not found."));
        }
        let limits = self.settings.limits;
        let admitted = self.usages[location].admit(limits.as_ref(), now);
        let answer = admitted.and_then(|()| {
            self.settings.refusals.by_scope(route)?;
            let (seed, faults) = (self.settings.seed, &self.settings.faults);
            let fault = self.attempts.draw(faults, seed, route, request);
            self.slip(location, route, &values, request, now);
            let answer = self.read(location, route, &values, request, now);
            let answer = answer.unwrap_or_else(|refusal| refusal);
            Ok(match fault {
                None => answer,
                Some(fault) => faults::replaced(fault, answer, &self.settings.faults),
            })
        });
        let answer = answer.unwrap_or_else(|refusal| refusal);
        let packs = self.settings.packs && request.header("accept-encoding").contains("gzip");
        let answer = if packs { answer.packed() } else { answer };
        Ok(match limits {
            None => answer,
            Some(limits) => self.usages[location].with_headers(answer, &limits, now),
        })
    }

    fn read(
        &self,
        location: usize,
        route: Route,
        values: &[String],
        request: &Request,
        now: Millis,
    ) -> Result<Answer, Answer> {
        let settings = &self.settings;
        let lag = if route.is_direct() { settings.direct_lag } else { settings.lag };
        let is_blind = settings.refusals.blind.contains(&route.scope());
        let at = if is_blind { Millis::MIN } else { now - millis(lag) };
        let location = &self.locations[location];
        let reading = Reading { location, settings, at, turned: &self.turned };
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        reading.answer(route, &values, request)
    }

    /// Returns a location to change.
    pub(crate) fn change(&mut self, place: usize, at: Millis) -> Change<'_> {
        Change {
            location: &mut self.locations[place],
            settings: &self.settings,
            webhooks: &mut self.webhooks,
            random: &mut self.random,
            at,
        }
    }

    /// Returns the place of the location that the token of a request opens.
    fn opened(&self, request: &Request) -> Result<usize, Answer> {
        let token = request.header("authorization").strip_prefix("Bearer ").unwrap_or_default();
        let found = self.locations.iter().position(|it| it.token == token.trim());
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
            (Route::OpportunitySearch, _) => {
                self.search_opportunities(query, request.header("version"))
            }
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
