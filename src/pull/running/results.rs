//! What the results of jobs lead to: rows, and further jobs.

use std::sync::Arc;

use crate::model::{ObjectKey, Relation, Timestamp};
use crate::pull::error::PullError;
use crate::pull::plan::{Method, RecordsRead};
use crate::pull::reading::{RecordLinks, RecordRow, Row, SearchPage, embedded};
use crate::pull::running::coordinator::Coordinator;
use crate::pull::running::jobs::{Done, Job, Proof, counted_here};
use crate::pull::running::key_run::Stage;
use crate::pull::running::resume_log::Step;
use crate::pull::running::sample::Sampled;

impl Coordinator<'_> {
    /// Begins every key, with the first page where it is known.
    pub(crate) fn begin(&mut self, firsts: Vec<Option<SearchPage>>) -> Result<(), PullError> {
        let firsts = firsts.into_iter().chain(std::iter::repeat_with(|| None));
        for (key, first) in (0..self.keys.len()).zip(firsts) {
            let run = self.key(key)?;
            let is_at_its_beginning = run.search.found == 0;
            if run.stage == Stage::Finished {
                continue;
            }
            match first.filter(|_| is_at_its_beginning) {
                Some(page) => self.searched(key, page)?,
                None => self.search_on(key)?,
            }
        }
        Ok(())
    }

    /// Takes the result of a job.
    pub(crate) fn take(&mut self, done: Done) -> Result<(), PullError> {
        match done {
            Done::Searched { key, page } => match page {
                Ok(page) => self.searched(key, page),
                // Its links come from the other ends.
                Err(PullError::Refused(why)) if self.method(key).is_none() => {
                    tracing::warn!(why, "records are left out");
                    self.finished(key)
                }
                Err(error) => Err(error),
            },
            Done::Listed { key, record, links } => self.listed(key, record, links?),
            Done::Proved { key, method, proof } => self.proved(key, method, proof?),
            Done::Lost => Err(PullError::Rejected("a thread of the pull has failed".to_owned())),
            Done::Defined(found) => match found? {
                Some((association, at)) => self.emit(Row::Association(association), at),
                None => Ok(()),
            },
        }
    }

    /// Asks for the next page of a key, or ends its search.
    fn search_on(&mut self, key: usize) -> Result<(), PullError> {
        let run = self.key(key)?;
        match run.search.place.clone() {
            None => self.all_found(key),
            Some(place) => {
                let (object, sizes) = (run.object.clone(), Arc::clone(&run.sizes));
                self.enqueue(Job::Search { key, object, sizes, place });
                Ok(())
            }
        }
    }

    fn searched(&mut self, key: usize, page: SearchPage) -> Result<(), PullError> {
        let at = page.at;
        let run = self.key(key)?;
        let (object, sizes) = (run.object.clone(), Arc::clone(&run.sizes));
        let rows = run.search.take(&object, page, &sizes);
        let (method, cut) = (run.method, run.search.cut.take());
        run.is_cut = cut.is_some();
        // A better method comes here again.
        let cut = cut.map(|why| why.to_string()).filter(|why| !self.left_out.contains(why));
        self.left_out.extend(cut);
        for row in rows {
            self.found(key, &object, method, row, at)?;
        }
        if self.key(key)?.waiting == 0 {
            self.page_done(key)?;
        }
        Ok(())
    }

    /// Takes a record that was found.
    fn found(
        &mut self,
        key: usize,
        object: &ObjectKey,
        method: Option<Method>,
        row: RecordRow,
        at: Timestamp,
    ) -> Result<(), PullError> {
        let record = row.id.as_str().to_owned();
        let links = method.filter(|it| *it == Method::Embedded).map(|_| {
            let (known, is_partial) = (&self.context.definitions, self.settings.is_partial());
            embedded(&row.row, object.as_str(), &record, known, is_partial)
        });
        match self.settings.records {
            RecordsRead::All => self.emit(Row::Record(row), at)?,
            RecordsRead::Linked if method.is_some() => {
                self.key(key)?.held.insert(record.clone(), row);
            }
            RecordsRead::Linked | RecordsRead::None => {}
        }
        if method.is_none() || self.key(key)?.listed.contains(&record) {
            return Ok(());
        }
        if let Some(links) = links {
            // A row further on that embeds less than the first ones is no proof, but the
            // sample finds what is missing.
            let links = RecordLinks { rows: links.unwrap_or_default(), is_stable: true, at };
            return self.links_of(key, record, links);
        }
        let each = method == Some(Method::ListEach);
        self.key(key)?.waiting += 1;
        self.enqueue(Job::List { key, object: object.clone(), record, each });
        Ok(())
    }

    fn listed(&mut self, key: usize, record: String, links: RecordLinks) -> Result<(), PullError> {
        if !links.is_stable {
            let name = format!("{}/{record}", self.key(key)?.object);
            self.steps.push(Step::Unstable { record: name.clone() });
            self.unstable.insert(name);
        }
        self.links_of(key, record, links)?;
        let run = self.key(key)?;
        run.waiting -= 1;
        if run.waiting == 0 { self.page_done(key) } else { Ok(()) }
    }

    /// Takes the links of a record.
    fn links_of(
        &mut self,
        key: usize,
        record: String,
        links: RecordLinks,
    ) -> Result<(), PullError> {
        let RecordLinks { rows, at, .. } = links;
        let rows: Vec<Relation> = rows.into_iter().filter(|row| self.is_wanted(row)).collect();
        let object = self.key(key)?.object.clone();
        let counted = counted_here(&rows, object.as_str(), &record, |it| self.is_listed(it));
        let compared = rows.iter().filter(|row| self.is_defined(row));
        let relations = compared.map(|row| row.id.as_str().to_owned()).collect();
        let held = self.key(key)?.held.remove(&record);
        if let Some(row) = held.filter(|_| !rows.is_empty()) {
            self.emit(Row::Record(row), at)?;
        }
        self.relations(rows, at)?;
        self.key(key)?.note_links(Sampled { record, relations }, counted);
        Ok(())
    }

    /// Hands relations to the sink, and asks for the definitions that they name and no list
    /// has.
    fn relations(&mut self, rows: Vec<Relation>, at: Timestamp) -> Result<(), PullError> {
        for row in rows {
            let id = row.association.as_str();
            if !self.is_defined(&row) && !self.asked.contains(id) {
                self.asked.insert(id.to_owned());
                self.enqueue(Job::Define { id: id.to_owned() });
            }
            self.emit(Row::Relation(row), at)?;
        }
        Ok(())
    }

    fn is_defined(&self, row: &Relation) -> bool {
        self.context.definitions.get(row.association.as_str()).is_some()
    }

    /// Returns whether a relation is of an association that is read.
    fn is_wanted(&self, row: &Relation) -> bool {
        !self.settings.is_partial() || self.is_defined(row)
    }

    fn page_done(&mut self, key: usize) -> Result<(), PullError> {
        let run = self.key(key)?;
        // Another run reads a last page again, and says again what is behind it.
        if !run.is_cut {
            let step = run.searched_step();
            self.steps.push(step);
        }
        self.search_on(key)
    }

    /// Proves the method of a key whose records are all read.
    fn all_found(&mut self, key: usize) -> Result<(), PullError> {
        let run = self.key(key)?;
        let object = run.object.clone();
        let sample = match run.method {
            Some(method) if method != Method::ListEach => run.take_sample(),
            _ => Vec::new(),
        };
        let Some(method) = run.method.filter(|_| !sample.is_empty()) else {
            return self.finished(key);
        };
        run.stage = Stage::Proving;
        run.proofs_left = sample.len();
        for sampled in sample {
            let object = object.clone();
            self.enqueue(Job::Prove { key, object, sampled, method });
        }
        Ok(())
    }

    fn proved(&mut self, key: usize, method: Method, proof: Proof) -> Result<(), PullError> {
        let Proof { record, differs, rows, at } = proof;
        self.relations(rows, at)?;
        let is_chosen = self.settings.method.is_some();
        let run = self.key(key)?;
        if run.stage != Stage::Proving || run.method != Some(method) {
            return Ok(()); // The method was given up meanwhile.
        }
        run.proofs_left -= 1;
        run.sampled += 1;
        run.different += u64::from(differs);
        let object = run.object.clone();
        if let Some(better) = method.better().filter(|_| differs && !is_chosen) {
            tracing::warn!(
                %object, %method, %better,
                "a method does not find all links: they are read again by a better one"
            );
            run.start_again(better);
            self.drop_proofs(key);
            let key_name = object.as_str().to_owned();
            self.steps.push(Step::Method { key: key_name, method: better });
            return self.search_on(key);
        }
        self.steps.push(Step::Proved { key: object.as_str().to_owned(), record, differs });
        let run = self.key(key)?;
        if run.proofs_left == 0 { self.finished(key) } else { Ok(()) }
    }

    fn finished(&mut self, key: usize) -> Result<(), PullError> {
        let run = self.key(key)?;
        run.stage = Stage::Finished;
        let step = Step::Finished {
            key: run.object.as_str().to_owned(),
            sampled: run.sampled,
            different: run.different,
        };
        // Another run asks again for what was left out.
        if !run.is_cut {
            self.steps.push(step);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pull::plan::ReadSettings;
    use crate::pull::reading::{Definitions, PageSizes};
    use crate::pull::running::coordinator::Outputs;
    use crate::pull::running::jobs::JobContext;
    use crate::pull::running::key_run::{KeyRun, KeyStart};
    use crate::pull::running::progress::Progress;
    use crate::pull::running::resume_log::KeyState;
    use crate::pull::running::row_sink::RowSink;
    use crate::pull::secret::Secret;
    use crate::pull::stop::Stop;
    use crate::pull::upstream::{BaseUrl, Client, UpstreamSettings};

    /// Takes rows, and drops them.
    struct Nowhere;

    impl RowSink for Nowhere {
        fn take(&mut self, _: Row, _: Timestamp) -> Result<(), PullError> {
            Ok(())
        }

        fn commit(&mut self) -> Result<Option<u64>, PullError> {
            Ok(None)
        }

        fn resume(&mut self, _: u64) -> Result<(), PullError> {
            Ok(())
        }

        fn finish(&mut self) -> Result<(), PullError> {
            Ok(())
        }
    }

    /// A proof waits, and comes when another method of the key has to prove itself.
    #[test]
    fn a_proof_counts_only_for_the_method_that_it_is_about() {
        let base = BaseUrl::parse("http://127.0.0.1:9", false).unwrap();
        let token = Secret::parse("token".to_owned()).unwrap();
        let client = Client::new(UpstreamSettings::new(base, token), Stop::default()).unwrap();
        let settings = ReadSettings::new("L".to_owned());
        let context = JobContext {
            client: Arc::new(client),
            location: "L".to_owned(),
            definitions: Definitions::new([]),
            list_sizes: PageSizes::new(100),
            settle: std::time::Duration::ZERO,
        };
        let start = KeyStart {
            object: "contact".into(),
            sizes: Arc::new(PageSizes::new(500)),
            method: Some(Method::List),
            count: 2,
            kinds: 1,
            seed: 1,
            sample_size: 2,
        };
        let mut run = KeyRun::new(start, KeyState::default());
        (run.stage, run.proofs_left) = (Stage::Proving, 2);
        let (mut sink, mut observe) = (Nowhere, |_: &Progress| ());
        let outputs = Outputs { sink: &mut sink, log: None, observe: &mut observe };
        let keys = vec![run];
        let mut coordinator =
            Coordinator::start(&settings, Arc::new(context), outputs, keys, Progress::new())
                .unwrap();
        for (method, differs, left) in
            [(Method::Embedded, true, 2), (Method::Embedded, false, 2), (Method::List, false, 1)]
        {
            let at = Timestamp::from_millis(0);
            let proof = Ok(Proof { record: "a".to_owned(), differs, rows: Vec::new(), at });
            coordinator.take(Done::Proved { key: 0, method, proof }).unwrap();
            let run = coordinator.key(0).unwrap();
            let expected = (Some(Method::List), left, 0);
            assert_eq!((run.method, run.proofs_left, run.different), expected, "{method}");
        }
        coordinator.run().unwrap();
    }
}
