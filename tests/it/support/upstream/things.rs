//! Things that are read by their ids.

use serde_json::json;

use super::answer::Answer;
use super::location::Record;
use super::parameters::Parameters;
use super::reading::Reading;

impl<'u> Reading<'u> {
    pub(crate) fn association(&self, id: &str, query: &str) -> Result<Answer, Answer> {
        self.only_location(query)?;
        let found = self.alive_associations().into_iter().find(|it| it.id == id);
        let found = found.ok_or_else(|| Answer::error(404, "Association not found"))?;
        Ok(Answer::traced(200, self.association_row(found)))
    }

    pub(crate) fn association_by_key(&self, key: &str, query: &str) -> Result<Answer, Answer> {
        self.only_location(query)?;
        let found = self.alive_associations().into_iter().find(|it| it.key == key);
        let found = found.ok_or_else(|| Answer::error(404, "Association not found"))?;
        Ok(Answer::traced(200, self.association_row(found)))
    }

    pub(crate) fn record_by_id(&self, key: &str, id: &str, query: &str) -> Result<Answer, Answer> {
        Parameters::of_query(query, &[]).check()?;
        let object = self.location.objects.iter().find(|it| it.key == key);
        let object = object.ok_or_else(|| Answer::error(404, "Object not found"))?;
        let record = self.known(key, id, "Record")?;
        Ok(Answer::traced(200, json!({"record": self.record(object, record)})))
    }

    pub(crate) fn contact_by_id(&self, id: &str, query: &str) -> Result<Answer, Answer> {
        Parameters::of_query(query, &[]).check()?;
        let contact = self.known("contact", id, "Contact")?;
        Ok(Answer::traced(200, json!({"contact": self.contact(contact)})))
    }

    pub(crate) fn opportunity_by_id(&self, id: &str, query: &str) -> Result<Answer, Answer> {
        Parameters::of_query(query, &[]).check()?;
        let opportunity = self.known("opportunity", id, "Opportunity")?;
        Ok(Answer::traced(200, json!({"opportunity": self.opportunity(opportunity)})))
    }

    pub(crate) fn business_by_id(&self, id: &str, query: &str) -> Result<Answer, Answer> {
        Parameters::of_query(query, &[]).check()?;
        let business = self.known("business", id, "Business")?;
        Ok(Answer::traced(200, json!({"business": self.business(business)})))
    }

    pub(crate) fn location_by_id(&self, id: &str, query: &str) -> Result<Answer, Answer> {
        Parameters::of_query(query, &[]).check()?;
        self.check_location(id)?;
        Ok(Answer::traced(200, json!({"location": self.location_row()})))
    }

    fn known(&self, key: &str, id: &str, name: &str) -> Result<&'u Record, Answer> {
        let status = self.settings.missing;
        let missing = || Answer::error(status, &format!("{name} not found"));
        self.location.record(key, id, self.at).ok_or_else(missing)
    }

    fn only_location(&self, query: &str) -> Result<(), Answer> {
        let parameters = Parameters::of_query(query, &["locationId"]);
        parameters.check()?;
        parameters.text("locationId").map_or(Ok(()), |id| self.check_location(id))
    }
}
