//! What can happen to one HTTP request, and how likely it is on each link.

use crate::chance::Chance;
use crate::http::client::BY_A_PROXY;
use crate::http::find;

/// One trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Hangs up; nobody heard of it.
    NeverArrives,
    /// Half of it arrives, then the connection ends.
    RequestCut,
    /// It is carried out, and the answer does not come back.
    AnswerLost,
    /// Half of the answer comes back.
    AnswerCut,
    /// The answer comes back with another byte in it: its signature is wrong.
    AnswerSpoilt,
    /// It arrives so many milliseconds later, whether anybody still waits or not.
    Late(u64),
    /// It arrives, and its answer comes so many milliseconds later.
    AnswerLate(u64),
    /// It arrives twice at once.
    Twice,
    /// Somebody on the way refuses it with this status; it does not arrive.
    Refused(u16),
    /// It is carried out, and somebody on the way answers this status.
    RefusedAfter(u16),
}

impl Fault {
    /// What it is called in counts.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Fault::NeverArrives => "never arrived",
            Fault::RequestCut => "cut in the request",
            Fault::AnswerLost => "answer lost",
            Fault::AnswerCut => "cut in the answer",
            Fault::AnswerSpoilt => "answer spoilt",
            Fault::Late(_) => "late",
            Fault::AnswerLate(_) => "answer late",
            Fault::Twice => "twice",
            Fault::Refused(_) => "refused on the way",
            Fault::RefusedAfter(_) => "done, and refused on the way",
        }
    }
}

/// How likely trouble is, and which.
pub(crate) struct Odds {
    /// Of a thousand requests in usual weather.
    pub(crate) permille: u64,
    weights: [(u64, Fault); 10],
    statuses: &'static [u16],
    /// The longest delay, in milliseconds.
    late_max_ms: u64,
}

impl Odds {
    /// The service calls WeChat Pay, which answers with a signature.
    pub(crate) const TO_WECHAT_PAY: Odds = Odds {
        permille: 180,
        weights: [
            (3, Fault::NeverArrives),
            (1, Fault::RequestCut),
            (4, Fault::AnswerLost),
            (2, Fault::AnswerCut),
            (1, Fault::AnswerSpoilt),
            (2, Fault::Late(0)),
            (2, Fault::AnswerLate(0)),
            (2, Fault::Twice),
            (3, Fault::Refused(0)),
            (2, Fault::RefusedAfter(0)),
        ],
        statuses: &[429, 500, 502, 503],
        late_max_ms: 60_000,
    };
    /// WeChat Pay sends notifications.
    pub(crate) const OF_NOTIFICATIONS: Odds = Odds {
        permille: 300,
        weights: [
            (4, Fault::NeverArrives),
            (1, Fault::RequestCut),
            (4, Fault::AnswerLost),
            (1, Fault::AnswerCut),
            (0, Fault::AnswerSpoilt),
            (3, Fault::Late(0)),
            (1, Fault::AnswerLate(0)),
            (5, Fault::Twice),
            (1, Fault::Refused(0)),
            (2, Fault::RefusedAfter(0)),
        ],
        statuses: &[500, 502, 503, 504],
        late_max_ms: 60_000,
    };
    /// Buyers call the service.
    pub(crate) const OF_BUYERS: Odds = Odds {
        permille: 60,
        weights: [
            (3, Fault::NeverArrives),
            (1, Fault::RequestCut),
            (5, Fault::AnswerLost),
            (1, Fault::AnswerCut),
            (0, Fault::AnswerSpoilt),
            (2, Fault::Late(0)),
            (1, Fault::AnswerLate(0)),
            (3, Fault::Twice),
            (1, Fault::Refused(0)),
            (2, Fault::RefusedAfter(0)),
        ],
        statuses: &[502, 503, 504],
        late_max_ms: 8_000,
    };

    /// A fault with its numbers drawn.
    pub(super) fn draw(&self, chance: &mut Chance) -> Fault {
        let fault = chance.weighted(&self.weights).unwrap_or(Fault::AnswerLost);
        let status = self.statuses.get(chance.below(self.statuses.len())).copied().unwrap_or(503);
        let millis = chance.doublings(20, self.late_max_ms);
        match fault {
            Fault::Late(_) => Fault::Late(millis),
            Fault::AnswerLate(_) => Fault::AnswerLate(millis),
            Fault::Refused(_) => Fault::Refused(status),
            Fault::RefusedAfter(_) => Fault::RefusedAfter(status),
            Fault::NeverArrives
            | Fault::RequestCut
            | Fault::AnswerLost
            | Fault::AnswerCut
            | Fault::AnswerSpoilt
            | Fault::Twice => fault,
        }
    }
}

/// What a gateway on the way answers. It says that it is not the one who was asked.
pub(super) fn refusal(status: u16) -> Vec<u8> {
    let code = if status == 429 { "FREQUENCY_LIMITED" } else { "SYSTEM_ERROR" };
    let body = format!("{{\"code\":\"{code}\",\"message\":\"a gateway on the way\"}}");
    format!(
        "HTTP/1.1 {status} Trouble\r\n{BY_A_PROXY}: 1\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The same answer with one digit or letter of its body changed, if it has one.
pub(super) fn spoilt(mut bytes: Vec<u8>) -> Vec<u8> {
    let body_at = find(&bytes, b"\r\n\r\n").map_or(bytes.len(), |at| at.saturating_add(4));
    let body = bytes.get_mut(body_at..).unwrap_or_default();
    let middle = body.len() / 2;
    let (before, after) = body.split_at_mut(middle);
    let mut candidates = after.iter_mut().chain(before.iter_mut().rev());
    if let Some(byte) = candidates.find(|byte| byte.is_ascii_alphanumeric()) {
        *byte = match *byte {
            b'0' | b'a' | b'A' => byte.wrapping_add(1),
            _ => byte.wrapping_sub(1),
        };
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_the_way_to_wechat_pay_is_drawn() {
        let mut chance = Chance::of(1, "faults");
        let mut names: Vec<_> =
            (0..500).map(|_| Odds::TO_WECHAT_PAY.draw(&mut chance).name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 10, "{names:?}");
    }

    #[test]
    fn a_spoilt_answer_is_as_long_and_differs_in_its_body_alone() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"a\":100}".to_vec();
        let spoilt = spoilt(answer.clone());
        assert_eq!(spoilt.len(), answer.len());
        let differing: Vec<usize> =
            (0..answer.len()).filter(|at| answer[*at] != spoilt[*at]).collect();
        assert_eq!(differing.len(), 1);
        assert!(differing[0] > 37, "in the body");
        let bare = b"HTTP/1.1 204 No Content\r\n\r\n".to_vec();
        assert_eq!(super::spoilt(bare.clone()), bare);
    }
}
