//! `relata doctor`.

use std::io::Read;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use relata::api::{DeliveryReading, DoctorResponse, Effect, ProblemCode, SignatureVerdict};
use relata::http::Limits;
use relata::journal::{Database, MemoryJournal};
use relata::operations::PreviewError;
use relata::signature::SignatureHeaders;
use relata::webhook::{
    AdmissionRules, ContentEncoding, Decoded, Examined, PostedDelivery, UnpackError,
};
use relata::{Delivery, IngestError, Options, Store, Timestamp};

use crate::cli::output::{print_json, print_line};
use crate::config::{DoctorArgs, Names};

/// The header with the compression of the body.
const ENCODING: &str = "content-encoding";

pub(super) fn run(db: &Database, command: &DoctorArgs) -> anyhow::Result<ExitCode> {
    let body = read(&command.file).with_context(|| command.file.display().to_string())?;
    let headers = command.header.iter().map(|header| {
        let pair =
            header.split_once(':').map(|(name, value)| (name.trim(), value.trim().as_bytes()));
        pair.with_context(|| format!("--header {header}: it has no colon"))
    });
    let headers = headers.collect::<anyhow::Result<Vec<_>>>()?;
    let encodings = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case(ENCODING));
    let encoding = ContentEncoding::of(encodings.map(|(_, value)| *value));
    let unpack =
        |encoding: ContentEncoding| encoding.unpack(&body, Limits::default().webhook_bytes);
    let unpacked = match encoding.context(ENCODING)?.map(unpack) {
        Some(Err(error @ UnpackError::TooLarge { .. })) => return Err(error.into()),
        unpacked => unpacked,
    };
    let verifier = command.keys.verifier().context("--webhook-key")?;
    // The same rules as the server's where it is reachable from outside.
    let rules = AdmissionRules {
        verifier: &verifier,
        signature_required: true,
        url_types: command.keys.url.types(),
    };
    let posted = PostedDelivery {
        headers: SignatureHeaders::pick(headers),
        url_type: command.url_type.as_deref(),
        received: &body,
        unpacked: unpacked.as_ref().map(|it| it.as_deref()),
    };
    let now = Timestamp::now();
    let Examined { diagnosis, reading, refusal } = rules.examine(&posted, now);
    let signature = SignatureVerdict::new(&diagnosis, rules.signature_required);
    let read = reading.map(|it| Delivery::from_decoded(it.text, it.decoded, now));
    let effect = match (&refusal, &read) {
        (None, Ok(delivery)) => Some(effect(db, delivery, &command.names)?),
        _ => None,
    };
    let is_refused = effect.as_ref().is_some_and(|effect| effect.code.is_some());
    let answer = match refusal {
        Some(refusal) => ProblemCode::from(&refusal).status(),
        None if is_refused => 422,
        None => 200,
    };
    let reading = DeliveryReading::new(read.as_ref().map(Delivery::decoded));
    let found = DoctorResponse { signature, reading, effect, answer };
    if command.json {
        print_json(&found)?;
    } else {
        print(&found)?;
    }
    Ok(if answer == 200 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    if path.as_os_str() != "-" {
        return std::fs::read(path);
    }
    let mut body = Vec::new();
    std::io::stdin().lock().read_to_end(&mut body)?;
    Ok(body)
}

/// Returns what the delivery would change in the database, or in an empty one.
fn effect(db: &Database, delivery: &Delivery, names: &Names) -> anyhow::Result<Effect> {
    let options = Options { names: names.limits(), ..Options::default() };
    let store = if db.file().is_none_or(Path::exists) {
        let location = match delivery.decoded() {
            Decoded::Event(event) => event.location.as_str(),
            Decoded::Ignored { .. } => "",
        };
        Store::open_location_read_only_with(db, location, &options)
            .with_context(|| db.to_string())?
    } else {
        Store::with_journal(Box::new(MemoryJournal::new()), options)?
    };
    match store.preview(delivery.clone()) {
        Err(PreviewError::Ingest(IngestError::LimitReached { reached, .. })) => Ok(reached.into()),
        preview => Ok(preview?.into()),
    }
}

fn print(found: &DoctorResponse<'_>) -> anyhow::Result<()> {
    let DoctorResponse { signature, reading, effect, answer } = found;
    match (&signature.reason, signature.header) {
        (None, Some(header)) => print_line(format_args!("signature  holds ({header})"))?,
        (reason, _) => {
            print_line(format_args!("signature  {}", reason.as_deref().unwrap_or("unknown")))?;
        }
    }
    if let Some(advice) = signature.advice {
        print_line(format_args!("           {advice}"))?;
    }
    let shown = |text: Option<&str>| text.unwrap_or("-").to_owned();
    match &reading.reason {
        Some(reason) => print_line(format_args!("body       {reason}"))?,
        None => print_line(format_args!(
            "body       {} of {} in location {}",
            shown(reading.event),
            shown(reading.id),
            shown(reading.location_id)
        ))?,
    }
    if let Some(effect) = effect {
        let seq = effect.seq.map(|seq| format!(", event {seq}")).unwrap_or_default();
        let reason = effect.reason.as_ref().map(|reason| format!(": {reason}"));
        print_line(format_args!(
            "effect     {}{seq}{}",
            effect.status,
            reason.unwrap_or_default()
        ))?;
    }
    print_line(format_args!("answer     {answer}"))?;
    Ok(())
}
