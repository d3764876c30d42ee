//! Trouble on purpose: rules that meet API calls and notifications.
//!
//! `PUT /_sandbox/faults {"rules": [{"match": {…}, "times"?, "after"?, "action", "value"?}]}` replaces all rules. The
//! first rule that matches acts. `times`: how often it acts (default: always); `after`: how many matches pass it over
//! first. A rule passed over or used up lets the next rule look.
//!
//! `match` (all that is given must hold; `*` in `path` stands for any characters):
//! `path` — API calls with this path, without query · `event_type` — notifications of this type ·
//! `out_trade_no` — either, of this number. A rule with neither `path` nor `event_type` meets both.
//!
//! | action | on an API call | on a notification | `value` |
//! |---|---|---|---|
//! | `drop` | connection closed, no effect | not sent; the attempt counts as failed | – |
//! | `delay_ms` | effect at once, answer late | sent later (sandbox clock), signed freshly | milliseconds, up to 30 days |
//! | `duplicate` | – | sent several times at once | how many (2–20), default 2 |
//! | `corrupt_signature` | answer badly signed | badly signed | – |
//! | `probe` | signature `WECHATPAY/SIGNTEST/…` | the same | – |
//! | `status` | this answer instead | – | status, or `{status, code?, message?, after_effect?}` |
//! | `answer_lost` | effect done, connection closed | – | – |
//! | `stale_query` | a query by number answers the past | – | milliseconds behind; default: as at the prepay |
//!
//! MAY NOT guess: an unknown action, member or value is refused in words.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::core::query::Freshness;

/// Nothing is held back for longer than 30 days.
const DELAY_MS_MAX: u64 = 30 * 24 * 3_600 * 1_000;

/// A rule as it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleForm {
    /// What it meets.
    #[serde(rename = "match", default)]
    pub matcher: Matcher,
    /// How often it acts; without it, always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u64>,
    /// How many matches pass it over first.
    #[serde(default)]
    pub after: u64,
    /// The name of the action.
    pub action: String,
    /// The action's parameter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
}

/// What a rule meets.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matcher {
    /// Path of an API call; `*` stands for any characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The merchant's number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_trade_no: Option<String>,
    /// Event type of a notification.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_type: Option<String>,
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table of the module describes them")]
pub enum Action {
    Drop,
    DelayMs(u64),
    Duplicate(u32),
    CorruptSignature,
    Probe,
    Status(InjectedStatus),
    AnswerLost,
    StaleQuery(Freshness),
}

/// An answer that WeChat Pay did not mean.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InjectedStatus {
    /// HTTP status.
    pub status: u16,
    /// Error code; without it the body is empty.
    #[serde(default)]
    pub code: Option<String>,
    /// Error message.
    #[serde(default)]
    pub message: Option<String>,
    /// Whether the call has its effect before this answer replaces the true one.
    #[serde(default)]
    pub after_effect: bool,
}

impl Action {
    /// The name it is asked for by.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Drop => "drop",
            Self::DelayMs(_) => "delay_ms",
            Self::Duplicate(_) => "duplicate",
            Self::CorruptSignature => "corrupt_signature",
            Self::Probe => "probe",
            Self::Status(_) => "status",
            Self::AnswerLost => "answer_lost",
            Self::StaleQuery(_) => "stale_query",
        }
    }

    fn parse(name: &str, value: Option<&Value>) -> Result<Self, String> {
        let none = |action: Self| match value {
            None => Ok(action),
            Some(_) => Err(format!("action {name:?} takes no value")),
        };
        match name {
            "drop" => none(Self::Drop),
            "corrupt_signature" => none(Self::CorruptSignature),
            "probe" => none(Self::Probe),
            "answer_lost" => none(Self::AnswerLost),
            "delay_ms" => value
                .and_then(Value::as_u64)
                .filter(|ms| *ms <= DELAY_MS_MAX)
                .map(Self::DelayMs)
                .ok_or_else(|| {
                    "action \"delay_ms\" needs a value in milliseconds, up to 30 days".to_owned()
                }),
            "duplicate" => duplicate(value),
            "stale_query" => stale_query(value),
            "status" => status(value).map(Self::Status),
            unknown => Err(format!(
                "unknown action {unknown:?}; known: drop, delay_ms, duplicate, corrupt_signature, probe, status, \
                 answer_lost, stale_query"
            )),
        }
    }

    fn acts_on_calls(&self) -> bool {
        !matches!(self, Self::Duplicate(_))
    }

    fn acts_on_notices(&self) -> bool {
        !matches!(self, Self::Status(_) | Self::AnswerLost | Self::StaleQuery(_))
    }
}

fn duplicate(value: Option<&Value>) -> Result<Action, String> {
    let copies = match value {
        None => Some(2),
        Some(given) => given.as_u64(),
    };
    copies
        .filter(|copies| (2..=20).contains(copies))
        .and_then(|copies| u32::try_from(copies).ok())
        .map(Action::Duplicate)
        .ok_or_else(|| "action \"duplicate\" takes a number from 2 to 20".to_owned())
}

fn stale_query(value: Option<&Value>) -> Result<Action, String> {
    match value {
        None => Ok(Action::StaleQuery(Freshness::AsCreated)),
        Some(given) => given
            .as_u64()
            .map(|ms| Action::StaleQuery(Freshness::Behind(ms)))
            .ok_or_else(|| "action \"stale_query\" takes milliseconds".to_owned()),
    }
}

fn status(value: Option<&Value>) -> Result<InjectedStatus, String> {
    let needs = "action \"status\" needs a status or {status, code?, message?, after_effect?}";
    let given = value.ok_or_else(|| needs.to_owned())?;
    let injected = match given.as_u64() {
        Some(number) => InjectedStatus {
            status: u16::try_from(number).unwrap_or(0),
            code: None,
            message: None,
            after_effect: false,
        },
        None => {
            serde_json::from_value(given.clone()).map_err(|error| format!("{needs}: {error}"))?
        }
    };
    if !(200..=599).contains(&injected.status) {
        return Err("a status is from 200 to 599".to_owned());
    }
    Ok(injected)
}

/// One rule and how often it was met.
#[derive(Debug, Clone, Serialize)]
pub struct Rule {
    /// As written.
    #[serde(flatten)]
    pub form: RuleForm,
    #[serde(skip)]
    action: Action,
    /// How often it matched.
    pub matched: u64,
    /// How often it acted.
    pub acted: u64,
}

/// What a rule may meet.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// An API call.
    Call {
        /// Undecoded path.
        path: &'a str,
        /// The merchant's number, if it names one.
        out_trade_no: Option<&'a str>,
        /// Whether it is a query by the merchant's number.
        is_query: bool,
    },
    /// An attempt to deliver a notification.
    Notice {
        /// Its event type.
        event_type: &'a str,
        /// The merchant's number.
        out_trade_no: &'a str,
    },
}

/// All rules, in order.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Faults {
    rules: Vec<Rule>,
}

impl Faults {
    /// Reads rules, or says which one is wrong and why.
    pub fn parse(forms: Vec<RuleForm>) -> Result<Self, String> {
        let rule = |(index, form): (usize, RuleForm)| {
            Rule::parse(form).map_err(|why| format!("rules[{index}]: {why}"))
        };
        let rules = forms.into_iter().enumerate().map(rule).collect::<Result<_, _>>()?;
        Ok(Self { rules })
    }

    /// The action of the first rule that matches and is due, counted.
    pub fn take(&mut self, subject: Subject<'_>) -> Option<Action> {
        for rule in &mut self.rules {
            if !rule.fits(subject) {
                continue;
            }
            rule.matched = rule.matched.saturating_add(1);
            let used_up = rule.form.times.is_some_and(|times| rule.acted >= times);
            if rule.matched > rule.form.after && !used_up {
                rule.acted = rule.acted.saturating_add(1);
                return Some(rule.action.clone());
            }
        }
        None
    }
}

impl Rule {
    fn parse(form: RuleForm) -> Result<Self, String> {
        let action = Action::parse(&form.action, form.value.as_ref())?;
        let name = action.name();
        if form.matcher.path.is_some() && form.matcher.event_type.is_some() {
            return Err("path is for API calls, event_type for notifications: give one".to_owned());
        }
        if form.matcher.path.is_some() && !action.acts_on_calls() {
            return Err(format!("action {name:?} is for notifications, path for API calls"));
        }
        if form.matcher.event_type.is_some() && !action.acts_on_notices() {
            return Err(format!("action {name:?} is for API calls, event_type for notifications"));
        }
        Ok(Self { form, action, matched: 0, acted: 0 })
    }

    fn fits(&self, subject: Subject<'_>) -> bool {
        let wanted = &self.form.matcher;
        let number = wanted.out_trade_no.as_deref();
        match subject {
            Subject::Call { path, out_trade_no, is_query } => {
                wanted.event_type.is_none()
                    && self.action.acts_on_calls()
                    && (is_query || !matches!(self.action, Action::StaleQuery(_)))
                    && wanted.path.as_deref().is_none_or(|pattern| glob(pattern, path))
                    && (number.is_none() || number == out_trade_no)
            }
            Subject::Notice { event_type, out_trade_no } => {
                wanted.path.is_none()
                    && self.action.acts_on_notices()
                    && wanted.event_type.as_deref().is_none_or(|wanted| wanted == event_type)
                    && number.is_none_or(|number| number == out_trade_no)
            }
        }
    }
}

/// Whether `text` has the form of `pattern`, in which `*` stands for any characters.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((head, tail)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(head) else { return false };
    let mut parts: Vec<&str> = tail.split('*').collect();
    let last = parts.pop().unwrap_or("");
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests;
