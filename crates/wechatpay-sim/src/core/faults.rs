//! Trouble on purpose: rules that meet API calls and notifications.
//!
//! `PUT /_sandbox/faults {"rules": [{"match": {…}, "times"?, "after"?, "every"?, "action", "value"?}]}` replaces all
//! rules. The first rule that matches and is due acts. `times`: how often it acts (default: always); `after`: how many
//! matches pass it over first; `every`: of those that follow, it acts on the first and then on each n-th. A rule
//! passed over or used up lets the next rule look.
//!
//! `match` (all that is given must hold; `*` in `path` and `event_type` stands for any characters):
//! `path` — API calls with this path, without query · `event_type` — notifications of this type ·
//! `out_trade_no` — either, of this order · `out_refund_no` — either, of this refund. A rule with neither `path` nor
//! `event_type` meets both.
//!
//! | action | on an API call | on a notification | `value` |
//! |---|---|---|---|
//! | `drop` | connection closed, no effect | not sent; the attempt counts as failed | – |
//! | `delay_ms` | effect at once, answer late (real time) | sent later (sandbox clock), signed freshly | milliseconds, up to 30 days |
//! | `duplicate` | – | sent several times at once | how many (2–20), default 2 |
//! | `reorder` | carried out and answered after the next matching call | sent after the next notification | how many overtake it (1–20), default 1, or `{by?, within_ms?}` |
//! | `corrupt_signature` | answer badly signed | badly signed | – |
//! | `probe` | signature `WECHATPAY/SIGNTEST/…` | the same | – |
//! | `status` | this answer instead | – | status, or `{status, code?, message?, after_effect?}` |
//! | `answer_lost` | effect done, connection closed | delivered, but the answer is not seen: counts as failed | – |
//! | `truncate` | effect done, the second half of the answer is missing; it is signed as the whole | – | – |
//! | `errcode` | a call of the WeChat platform answers this | – | errcode, or `{errcode, errmsg?, after_effect?}` |
//! | `stale_query` | a query by the merchant's number answers the past | – | milliseconds behind; default: as at the prepay |
//! | `late` | prepay, close, refund and abnormal refund: connection closed, effect later | – | milliseconds, or `{ms, until_close?, unfaithful?}` |
//! | `refund_ends` | a new refund ends so | – | `"success"`, `"abnormal"`, `"closed"`, `"processing"`, or `{outcome, after_ms?}` |
//!
//! `docs/sandbox.md` has an example of each. MAY NOT guess: an unknown action, member or value is refused in words.

mod action;
mod form;

use serde::Serialize;

pub use action::{Action, InjectedErrcode, InjectedStatus, Lateness, Purpose, Reordering};
pub use form::{Matcher, RuleForm, Script};

/// One rule and how often it was met.
#[derive(Debug, Clone)]
struct Rule {
    form: RuleForm,
    action: Action,
    matched: u64,
    acted: u64,
    /// Whether `reorder` holds something back; what matches meanwhile overtakes it.
    holding: bool,
}

/// How often a rule was met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RuleCount {
    /// Its action.
    pub action: &'static str,
    /// How often it matched.
    pub matched: u64,
    /// How often it acted.
    pub acted: u64,
}

/// Names a rule, also when all rules have been replaced since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleId {
    generation: u64,
    index: usize,
}

/// A rule that acts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Which one.
    pub rule: RuleId,
    /// What it does.
    pub action: Action,
}

/// The merchant's numbers that a call or a notification is about.
#[derive(Debug, Clone, Copy, Default)]
pub struct Numbers<'a> {
    /// Of the order, if it is known.
    pub out_trade_no: Option<&'a str>,
    /// Of the refund, if there is one.
    pub out_refund_no: Option<&'a str>,
}

/// What a rule may meet.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// An API call.
    Call {
        /// Undecoded path.
        path: &'a str,
        /// What it is about.
        numbers: Numbers<'a>,
        /// What it is for.
        purpose: Purpose,
    },
    /// An attempt to deliver a notification.
    Notice {
        /// Its event type.
        event_type: &'a str,
        /// What it is about.
        numbers: Numbers<'a>,
    },
}

/// All rules, in order.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    name: Option<String>,
    description: Option<String>,
    rules: Vec<Rule>,
    generation: u64,
}

impl Faults {
    /// Reads a script, or says which rule is wrong and why.
    pub fn read(script: Script) -> Result<Self, String> {
        let Script { name, description, rules } = script;
        Ok(Self { name, description, ..Self::parse(rules)? })
    }

    /// Reads rules, or says which one is wrong and why.
    pub fn parse(forms: Vec<RuleForm>) -> Result<Self, String> {
        let rule = |(index, form): (usize, RuleForm)| {
            Rule::parse(form).map_err(|why| format!("rules[{index}]: {why}"))
        };
        let rules = forms.into_iter().enumerate().map(rule).collect::<Result<_, _>>()?;
        Ok(Self { rules, ..Self::default() })
    }

    /// The document to store: given to [`Self::read`], it makes these rules again.
    pub fn script(&self) -> Script {
        Script {
            name: self.name.clone(),
            description: self.description.clone(),
            rules: self.rules.iter().map(|rule| rule.form.clone()).collect(),
        }
    }

    /// How often each rule was met, in the order of the rules.
    pub fn counts(&self) -> Vec<RuleCount> {
        let count = |rule: &Rule| RuleCount {
            action: rule.action.name(),
            matched: rule.matched,
            acted: rule.acted,
        };
        self.rules.iter().map(count).collect()
    }

    /// The rules that come after `earlier`: their ids are their own.
    #[must_use]
    pub(crate) fn succeeding(self, earlier: &Self) -> Self {
        Self { generation: earlier.generation.saturating_add(1), ..self }
    }

    /// The action of the first rule that matches and is due, counted.
    pub fn take(&mut self, subject: Subject<'_>) -> Option<Taken> {
        let generation = self.generation;
        for (index, rule) in self.rules.iter_mut().enumerate() {
            if rule.fits(subject) && rule.is_due() {
                rule.acted = rule.acted.saturating_add(1);
                rule.holding = matches!(rule.action, Action::Reorder(_));
                let rule_id = RuleId { generation, index };
                return Some(Taken { rule: rule_id, action: rule.action.clone() });
            }
        }
        None
    }

    /// The rules that hold back something which this overtakes.
    pub(crate) fn overtaken_by(&self, subject: Subject<'_>) -> Vec<RuleId> {
        let generation = self.generation;
        let holding = self.rules.iter().enumerate().filter(|(_, rule)| rule.holding);
        holding
            .filter(|(_, rule)| rule.fits(subject))
            .map(|(index, _)| RuleId { generation, index })
            .collect()
    }

    /// What the rule held back goes on: it may hold back the next.
    pub(crate) fn let_go(&mut self, rule: RuleId) {
        if rule.generation == self.generation
            && let Some(rule) = self.rules.get_mut(rule.index)
        {
            rule.holding = false;
        }
    }
}

impl Rule {
    fn parse(form: RuleForm) -> Result<Self, String> {
        let action = Action::parse(&form.action, form.value.as_ref())?;
        let name = action.name();
        let (path, event_type) = (&form.matcher.path, &form.matcher.event_type);
        if path.is_some() && event_type.is_some() {
            return Err("path is for API calls, event_type for notifications: give one".to_owned());
        }
        if path.is_some() && !action.acts_on_calls() {
            return Err(format!("action {name:?} is for notifications, path for API calls"));
        }
        if event_type.is_some() && !action.acts_on_notices() {
            return Err(format!("action {name:?} is for API calls, event_type for notifications"));
        }
        if matches!(action, Action::Reorder(_)) && path.is_none() && event_type.is_none() {
            return Err(
                "action \"reorder\" needs a path or an event_type: calls and notifications do not overtake each other"
                    .to_owned(),
            );
        }
        if form.every == Some(0) {
            return Err("every is at least 1".to_owned());
        }
        Ok(Self { form, action, matched: 0, acted: 0, holding: false })
    }

    /// Counts a match and says whether it is one to act on.
    fn is_due(&mut self) -> bool {
        self.matched = self.matched.saturating_add(1);
        let used_up = self.form.times.is_some_and(|times| self.acted >= times);
        let Some(counted) = self.matched.checked_sub(self.form.after.saturating_add(1)) else {
            return false;
        };
        let turn = counted.checked_rem(self.form.every.unwrap_or(1)) == Some(0);
        turn && !used_up && !self.holding
    }

    fn fits(&self, subject: Subject<'_>) -> bool {
        let wanted = &self.form.matcher;
        match subject {
            Subject::Call { path, numbers, purpose } => {
                wanted.event_type.is_none()
                    && self.action.acts_on(purpose)
                    && wanted.path.as_deref().is_none_or(|pattern| glob(pattern, path))
                    && wanted.is_about(numbers)
            }
            Subject::Notice { event_type, numbers } => {
                wanted.path.is_none()
                    && self.action.acts_on_notices()
                    && wanted.event_type.as_deref().is_none_or(|pattern| glob(pattern, event_type))
                    && wanted.is_about(numbers)
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
