//! What a case must have come to, beside the promises that the oracle keeps: the letters of the
//! fault matrix, as far as they show.
//!
//! Most letters show in the end alone: the flow ends as it must, in time, with the same payments
//! (N, S, T, D, M, H, B, Z, C). Some show on the way: what is unknown is asked for before anything
//! else (Q), what was rolled back is tried again (R), unknown keys are fetched (K).

use super::cases::Case;
use super::stage::Played;
use crate::chronicle::Violation;
use crate::matrix::Fault;
use crate::matrix::letters::{Letter, letter};
use crate::plan::{Place, Site};

const SAME_PAYMENTS: &str =
    "what is unknown is resolved under its own number, and no other is made";
const ASKED_FIRST: &str = "an unknown commit is asked for by its name before anything else";
const TRIED_AGAIN: &str = "what was rolled back is tried again, a few times";
const KEYS_FETCHED: &str = "a key that is not known is fetched";

const SAME_PLACES: &str = "the same run meets the same places";

/// How often one command is tried: each time it is looked at and committed.
const TRIES_MAX: usize = 2 * 12;

/// A place that was not the one that was to be struck.
#[must_use]
pub(super) fn of_places(case: &Case, played: &Played) -> Option<Violation> {
    let named = |place: &Place| (place.site, place.flow, place.step, place.what);
    let (wanted, met) = case.strikes.iter().find_map(|(wanted, _)| {
        let index = usize::try_from(wanted.number).unwrap_or(0).checked_sub(1)?;
        let met = played.places.get(index)?;
        (named(met) != named(wanted)).then_some((wanted, met))
    })?;
    let seen = format!("{} instead of {}", met.words(), wanted.words());
    Some(Violation { id: "S2", sentence: SAME_PLACES, seen, order: None, at: met.at })
}

/// The first letter that a case of one fault did not keep. `calm` is the run without faults.
#[must_use]
pub(super) fn of_letters(case: &Case, calm: &Played, played: &Played) -> Option<Violation> {
    let [(place, named)] = case.strikes.as_slice() else { return None };
    let violated =
        |id, sentence, seen| Some(Violation { id, sentence, seen, order: None, at: place.at });
    let after = || played.places.iter().filter(|later| later.number > place.number);
    let letter = letter(place.step, named.blow.fault);
    match letter {
        Letter::Asked if place.site == Site::Commit => {
            let next = after().find(|later| is_next_of(place, later));
            if next.is_none_or(|next| next.what != "committed") {
                let next = next.map_or_else(|| "nothing".to_owned(), Place::words);
                return violated("Q", ASKED_FIRST, format!("next came {next}"));
            }
        }
        // A notification that is only kept comes again by itself.
        Letter::Retried if place.what != "nothing new" => {
            let looks = after().filter(|later| is_again(place, later)).count();
            if looks == 0 || looks > TRIES_MAX {
                return violated("R", TRIED_AGAIN, format!("tried {looks} times more"));
            }
        }
        // Refusals are not signed, and a notification may come too soon after the last fetch: a
        // prepay alone is sure to need the key and to have it fetched.
        Letter::Keys if place.what == "prepay" => {
            let asks = |later: &Place| later.what == "certificates";
            if !after().any(asks) {
                return violated("K", KEYS_FETCHED, "no certificates were asked for".to_owned());
            }
        }
        Letter::Nothing
        | Letter::Same
        | Letter::Unknown
        | Letter::Asked
        | Letter::Keys
        | Letter::Retried
        | Letter::Twins
        | Letter::Duplicate
        | Letter::Merged
        | Letter::Healed
        | Letter::BackOff
        | Letter::Refused
        | Letter::Failed
        | Letter::Fenced
        | Letter::Clock
        | Letter::Never => {}
    }
    // What was to be paid at the door has no deadline of its own: a payment whose record was lost is asked
    // for again with another end, and WeChat Pay takes no number with other bytes.
    let is_asked_anew = named.blow.fault == Fault::FailoverLosing && case.script.has_no_deadline();
    let allowed =
        calm.ending.payments + usize::from(named.blow.fault == Fault::Definite || is_asked_anew);
    if played.ending.words == calm.ending.words && played.ending.payments > allowed {
        let seen =
            format!("{} payments, {} without faults", played.ending.payments, calm.ending.payments);
        return violated(letter.name(), SAME_PAYMENTS, seen);
    }
    None
}

/// Whether `later` does again what was rolled back at `place`: the same task looks at the order anew,
/// or at what it would buy (which may be gone by then), or the same thing is written when the news
/// comes again.
fn is_again(place: &Place, later: &Place) -> bool {
    let looks = later.site == Site::Commit || matches!(later.what, "load" | "checkout_basis");
    let comes_again = later.site == Site::Commit && later.what == place.what;
    (is_next_of(place, later) && looks) || (later.flow == place.flow && comes_again)
}

/// Whether the task that met `place` meets `later`.
fn is_next_of(place: &Place, later: &Place) -> bool {
    later.task == place.task
}
