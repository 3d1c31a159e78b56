//! Counts of what a location holds.

use crate::graph::memory::table::{AssociationNo, ObjectNo};
use crate::graph::query::budget::Budget;
use crate::graph::query::page::Page;
use crate::graph::view::View;
use crate::model::{Association, Counts, Seq, Side};

/// One object key and what hangs on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ObjectCount<'g> {
    /// Its place in the list: places only grow, so a list can continue after one.
    pub place: u32,
    /// The object key.
    pub object: &'g str,
    /// What people call one such thing, if that is known.
    pub singular: Option<&'g str>,
    /// What people call many such things, if that is known.
    pub plural: Option<&'g str>,
    /// Associations with an end here.
    pub associations: u64,
    /// Records of this key.
    pub records: u64,
}

/// One association and how many relations it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AssociationCount<'g> {
    /// Its place in the list: places only grow, so a list can continue after one.
    pub place: u32,
    /// The association.
    pub association: &'g Association,
    /// Relations under it that can be seen.
    pub relations: u64,
    /// How the first records are linked to seconds.
    pub first: EndCount,
    /// How the second records are linked to firsts. Where nothing tells the ends
    /// of an association apart, a record's links on either end count together, at
    /// both ends.
    pub second: EndCount,
}

/// How the records on one end of an association are linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EndCount {
    /// Records with at least one link.
    pub distinct: u64,
    /// The greatest number of links of one record.
    pub greatest: u64,
    /// Records with more links than the declared cardinality allows.
    pub violations: u64,
}

/// The members of an association and what a summary says of it as JSON, without
/// texts.
const ASSOCIATION_MEMBERS: usize = 560;

/// The members of an object key and its counts as JSON, without texts.
const OBJECT_MEMBERS: usize = 128;

impl ObjectCount<'_> {
    /// Counts the object key as a row of an answer.
    fn write(&self, budget: &mut Budget<'_>) -> bool {
        budget.write(OBJECT_MEMBERS, [Some(self.object), self.singular, self.plural])
    }
}

impl AssociationCount<'_> {
    /// Counts the association as a row of an answer.
    pub(crate) fn write(&self, budget: &mut Budget<'_>) -> bool {
        let known = self.association;
        let of = [known.id.as_str(), &known.key, &known.association_type];
        let ends = [&known.first, &known.second];
        let ends = ends.into_iter().flat_map(|end| [end.object.as_str(), &*end.label]);
        let declared = [known.first_to_second.as_deref(), known.second_to_first.as_deref()];
        budget.write(ASSOCIATION_MEMBERS, of.into_iter().chain(ends).map(Some).chain(declared))
    }

    /// Returns the cardinality that the links have, from first to second: `ONE_TO_MANY` if
    /// some first has several seconds and each second one first.
    pub fn observed(&self) -> &'static str {
        cardinality(self.second.greatest, self.first.greatest)
    }

    /// Returns the cardinality that the links have, from second to first.
    pub fn observed_back(&self) -> &'static str {
        cardinality(self.first.greatest, self.second.greatest)
    }

    /// Records on either end with more links than the declared cardinality
    /// allows.
    pub fn violations(&self) -> u64 {
        if self.association.is_mutual() {
            return self.first.violations;
        }
        self.first.violations + self.second.violations
    }
}

/// Returns the cardinality by the greatest number of links of a record after the
/// association, and of one before it.
fn cardinality(behind: u64, before: u64) -> &'static str {
    match (behind > 1, before > 1) {
        (false, false) => "ONE_TO_ONE",
        (false, true) => "ONE_TO_MANY",
        (true, false) => "MANY_TO_ONE",
        (true, true) => "MANY_TO_MANY",
    }
}

impl<'g> View<'g> {
    /// Lists the object keys that something is known of, in the order the store first heard
    /// of them.
    pub fn objects(self) -> impl Iterator<Item = ObjectCount<'g>> {
        (0..self.objects.rows().len()).filter_map(move |number| self.object_count(ObjectNo(number)))
    }

    /// Lists object keys that something is known of, after the place `after`. Costs the page
    /// and the keys between them that nothing is known of any more.
    pub fn object_page(
        self,
        after: Option<u32>,
        limit: usize,
        budget: &mut Budget<'_>,
    ) -> Page<ObjectCount<'g>> {
        let from = after.map_or(0, |after| after.saturating_add(1));
        let rest = (from..self.objects.rows().len()).map(|number| (number, ObjectNo(number)));
        let item = |number| self.object_count(number);
        Page::take(rest, after, limit, budget, item, ObjectCount::write)
    }

    /// Returns an object key with its counts, while something is known of it.
    fn object_count(self, number: ObjectNo) -> Option<ObjectCount<'g>> {
        let row = &self.objects.rows()[number];
        self.is_object_listed(number).then(|| ObjectCount {
            place: number.0,
            object: row.key.as_str(),
            singular: row.singular(),
            plural: row.plural(),
            associations: self.objects.degree(number) as u64,
            records: u64::from(self.rows.listed(number)),
        })
    }

    /// Returns how many records of an object key lists show.
    pub fn record_count(self, object: &str) -> u64 {
        self.objects.find(object).map_or(0, |number| u64::from(self.rows.listed(number)))
    }

    /// Returns the greatest schema event of an object key, if one is known.
    pub fn schema_seq(self, object: &str) -> Option<Seq> {
        let row = &self.objects.rows()[self.objects.find(object)?];
        row.schema.as_ref().map(|schema| schema.1.seq())
    }

    pub(in crate::graph) fn is_object_listed(self, number: ObjectNo) -> bool {
        self.objects.rows()[number].schema.is_some()
            || self.objects.degree(number) > 0
            || self.rows.listed(number) > 0
    }

    /// Lists the associations that are known and not deleted, in the order the store first
    /// heard of them.
    pub fn associations(self) -> impl Iterator<Item = AssociationCount<'g>> {
        let numbers = self.associations.rows().numbers();
        numbers.filter_map(move |number| self.association_count(number))
    }

    /// Lists associations that are known and not deleted, after the place
    /// `after`. Costs the page and what is deleted in between.
    pub fn association_page(
        self,
        after: Option<u32>,
        limit: usize,
        budget: &mut Budget<'_>,
    ) -> Page<AssociationCount<'g>> {
        let rows = self.associations.rows();
        let numbers = after.map_or(0, |after| rows.behind(after))..rows.len();
        let rest = numbers.map(AssociationNo).map(|number| (rows.place(number), number));
        let item = |number| self.association_count(number);
        Page::take(rest, after, limit, budget, item, AssociationCount::write)
    }

    /// Returns the association of this id, while it is known and not deleted.
    pub fn association_by_id(self, id: &str) -> Option<AssociationCount<'g>> {
        self.association_count(self.associations.find(id)?)
    }

    /// Returns the association with this key that the store heard of last, among those that
    /// are known and not deleted. Charges each that it looks at, from the last; a budget that
    /// ends before it is found leaves `None`.
    pub fn association_by_key(
        self,
        key: &str,
        budget: &mut Budget<'_>,
    ) -> Option<AssociationCount<'g>> {
        let rows = self.associations.rows();
        let has_key = |number: &AssociationNo| {
            rows[*number].definition.as_ref().is_some_and(|known| *known.key == *key)
        };
        let mut charged = rows.numbers().rev().take_while(|_| budget.charge(1));
        self.association_count(charged.find(has_key)?)
    }

    /// Returns the first associations that are known and not deleted and have an end at an
    /// object key, in the order the store first heard of them, and how many there are. Charges
    /// each association; a budget that ends leaves those before.
    pub fn associations_of_object(
        self,
        object: &str,
        limit: usize,
        budget: &mut Budget<'_>,
    ) -> (Vec<AssociationCount<'g>>, usize) {
        let (mut first, mut total) = (Vec::new(), 0);
        for row in self.associations() {
            let ends = [&row.association.first, &row.association.second];
            let is_end = ends.into_iter().any(|end| end.object.as_str() == object);
            let is_listed = is_end && first.len() < limit;
            if !budget.charge(1) || is_listed && !row.write(budget) {
                break;
            }
            total += usize::from(is_end);
            first.extend(is_listed.then_some(row));
        }
        (first, total)
    }

    /// Returns an association with its counts, while it is known and not deleted.
    pub(super) fn association_count(self, number: AssociationNo) -> Option<AssociationCount<'g>> {
        let association = self.associations.rows()[number].definition.as_ref()?;
        Some(AssociationCount {
            place: self.associations.rows().place(number),
            association,
            relations: self.relations_under(number),
            first: self.end_count(number, association, Side::First),
            second: self.end_count(number, association, Side::Second),
        })
    }

    fn end_count(self, number: AssociationNo, association: &Association, side: Side) -> EndCount {
        let Some(degrees) = self.rows.degrees(number) else { return EndCount::default() };
        let mutual = association.is_mutual();
        let of = if mutual { &degrees.either } else { degrees.of(side) };
        let allows_one =
            association.allows_one(side) || mutual && association.allows_one(side.other());
        EndCount {
            distinct: of.distinct(),
            greatest: of.greatest(),
            violations: if allows_one { of.with_several() } else { 0 },
        }
    }

    /// Returns how many relations are visible under the association of this id.
    pub fn relation_count(self, association: &str) -> u64 {
        self.associations.find(association).map_or(0, |number| self.relations_under(number))
    }

    fn relations_under(self, number: AssociationNo) -> u64 {
        let kinds = self.rows.kinds_under(number).iter().map(|&kind| &self.rows.kinds[kind]);
        kinds.filter(|kind| !kind.hidden).map(|kind| u64::from(kind.linked)).sum()
    }

    /// Counts over everything. Costs the object keys and associations, not the
    /// records or relations.
    pub fn counts(self) -> Counts {
        let mut counts =
            Counts { associations: self.associations().count() as u64, ..Counts::default() };
        for object in self.objects() {
            counts.objects += 1;
            counts.records += object.records;
        }
        for (number, row) in self.associations.rows().iter() {
            counts.relations += self.relations_under(number);
            counts.pending_associations += u64::from(row.stamp.is_none());
        }
        counts
    }
}
