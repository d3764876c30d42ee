"""What wechatpayv3 has to be able to do with the sandbox, step by step, in each of the three modes.

    python course.py http://127.0.0.1:8081 /a/folder/for/certificates

A line `using …` first, and `ok MODE/CAPABILITY: …` for each thing shown; the first thing that is wrong ends it with 1.
"""

import gzip
import hashlib
import json
import os
import platform
import sys
import time
import uuid

import wechatpayv3
from pointed import client, point_at
from receiver import Receiver
from sandbox import Failed, Sandbox, check
from wechatpayv3 import WeChatPayType

MODES = ("certificate", "public_key", "mixed")
# What an honest WeChat Pay would not send, and an SDK can find out. (It does not look at the age.)
NOT_BELIEVABLE = ("signature", "probe", "body", "serial", "unsigned", "key")
TOTAL = 199
REFUND = 99


class Course:
    """One mode, from the certificates to the bill."""

    def __init__(self, sandbox, receiver, mode, folder):
        self.sandbox = sandbox
        self.receiver = receiver
        self.mode = mode
        self.cert_dir = os.path.join(folder, f"{mode}-{uuid.uuid4().hex}")
        self.credentials = sandbox.credentials()
        self.step = "start"
        self.sdk = None
        self.numbers = 0

    def run(self):
        """Every step, in an order in which each stands on those before it."""
        self.sandbox.begin(self.mode)
        self.receiver.forget()
        self.certificates()
        self.sdk = client(self.credentials, self.mode, self.receiver.url, self.cert_dir)
        self.receiver.open = self.sdk.callback
        paid = self.jsapi()
        self.payment_notice(paid)
        self.query(paid)
        self.refund(paid)
        self.both_keys()
        self.tampered(paid)
        self.native_and_close()
        self.h5()
        self.app()
        self.errors()
        self.forged_answer(paid)
        self.rotation()
        self.abnormal_refund()
        self.bill(paid)

    def shown(self, what):
        print(f"ok {self.mode}/{self.step}: {what}", flush=True)

    def number(self):
        self.numbers += 1
        return f"PY{int(time.time())}{self.mode[:4].upper()}{self.numbers:02}"

    def answer(self, expected, code_and_body):
        code, body = code_and_body
        check(code == expected, f"{self.step}: {code} {body}, not {expected}")
        return json.loads(body) if body else None

    def certificates(self):
        """Without a public key the SDK fetches and decrypts the certificates before anything else."""
        self.step = "certificates"
        folder = self.cert_dir + "-fetched"
        serial = self.credentials["platform_serial"]
        if self.mode == "public_key":
            try:
                client(self.credentials, "certificate", self.receiver.url, folder)
            except Exception as refusal:
                check("certificate" in str(refusal), f"refused for another reason: {refusal!r}")
                return self.shown("none are listed for a merchant that has the public key")
            raise Failed("certificates were listed to a merchant that has the public key")
        client(self.credentials, "certificate", self.receiver.url, folder)
        with open(os.path.join(folder, f"{serial}.pem"), encoding="utf-8") as file:
            fetched = file.read()
        ours = self.credentials["platform_certificate_pem"]
        check(fetched.split() == ours.split(), f"{serial}.pem is not the platform certificate")
        self.shown(f"fetched and decrypted {serial}")

    def order(self):
        """A JSAPI order, as the SDK asks for it."""
        number = self.number()
        answer = self.sdk.pay(
            description="龙井 · 一盒",
            out_trade_no=number,
            amount={"total": TOTAL, "currency": "CNY"},
            payer={"openid": "oSdkBuyer0001"},
            attach="附加",
        )
        return number, self.answer(200, answer)["prepay_id"]

    def jsapi(self):
        self.step = "prepay-jsapi"
        number, prepay_id = self.order()
        self.shown(f"{number}, the answer's signature verified by the SDK")
        self.step = "sign"
        appid, now, nonce = self.credentials["appid"], str(int(time.time())), uuid.uuid4().hex
        package = f"prepay_id={prepay_id}"
        params = {
            "appId": appid,
            "timeStamp": now,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": self.sdk.sign([appid, now, nonce, package]),
        }
        self.sandbox.call("POST", "/_sandbox/verify-pay-params", params)
        self.shown("the cashier would open with its pay parameters")
        return number

    def payment_notice(self, number):
        self.step = "payment-notice"
        found = self.answer(200, self.sdk.query(out_trade_no=number))
        check(found["trade_state"] == "NOTPAY", f"before the payment: {found}")
        self.sandbox.pay(number)
        notice = self.accepted(self.sandbox.delivered(number))
        resource = notice["resource"]
        check(notice["event_type"] == "TRANSACTION.SUCCESS", f"{notice}")
        check(resource["out_trade_no"] == number, f"{resource}")
        check(resource["amount"]["total"] == TOTAL, f"{resource}")
        check(resource["attach"] == "附加", f"{resource}")
        self.shown("verified and decrypted by the SDK, answered 200")

    def accepted(self, noted):
        """What the SDK opened is what the ledger says was sent, and the ledger says it was answered 200."""
        last = noted["attempts"][-1]
        check((last["outcome"], last["status"]) == ("answered", 200), f"in the ledger: {last}")
        opened = self.receiver.opened[-1]
        check(opened["resource"] == noted["resource"], f"{opened} is not {noted['resource']}")
        return opened

    def query(self, number):
        self.step = "query"
        by_ours = self.answer(200, self.sdk.query(out_trade_no=number))
        check(by_ours["trade_state"] == "SUCCESS", f"{by_ours}")
        by_theirs = self.answer(200, self.sdk.query(transaction_id=by_ours["transaction_id"]))
        check(by_theirs == by_ours, f"{by_theirs} is not {by_ours}")
        self.shown("NOTPAY, then SUCCESS, by both numbers")

    def refund(self, number):
        self.step = "refund"
        refund_number = f"R{number}"
        amount = {"refund": REFUND, "total": TOTAL, "currency": "CNY"}
        answer = self.sdk.refund(out_refund_no=refund_number, amount=amount, out_trade_no=number, reason="少发")
        refund = self.answer(200, answer)
        check(refund["status"] == "PROCESSING", f"{refund}")
        self.shown(f"{REFUND} of {TOTAL} fen, PROCESSING")
        self.step = "query-refund"
        self.sandbox.advance(10)
        found = self.answer(200, self.sdk.query_refund(refund_number))
        check(found["status"] == "SUCCESS" and found["amount"]["refund"] == REFUND, f"{found}")
        check(found["refund_id"] == refund["refund_id"], f"{found} is not {refund}")
        self.shown("SUCCESS")
        self.step = "refund-notice"
        notice = self.accepted(self.sandbox.delivered(number, refund_number))
        check(notice["event_type"] == "REFUND.SUCCESS", f"{notice}")
        check(notice["resource"]["amount"]["refund"] == REFUND, f"{notice}")
        self.shown("verified and decrypted by the SDK, answered 200")

    def both_keys(self):
        """While both are in use WeChat Pay chooses the key of a notification."""
        self.step = "keys"
        platform, public = self.credentials["platform_serial"], self.credentials["public_key_id"]
        expected = {"certificate": {platform}, "public_key": {public}, "mixed": {platform, public}}[self.mode]
        met = set(self.receiver.serials)
        check(met == expected, f"notifications were signed with {met}, not {expected}")
        self.shown(f"notifications signed with {' and '.join(sorted(met))}")

    def tampered(self, number):
        self.step = "tampered-notice"
        before = len(self.receiver.opened)
        for tamper in NOT_BELIEVABLE:
            attempt = self.sandbox.notify(number, tamper)
            check(attempt["status"] == 401, f"{tamper}: {attempt}")
        check(len(self.receiver.opened) == before, "a tampered notification was opened")
        attempt = self.sandbox.notify(number, "replay")
        check(attempt["status"] == 200, f"the honest one, sent again: {attempt}")
        self.shown(f"{', '.join(NOT_BELIEVABLE)}: answered 401; the honest one again: 200")

    def native_and_close(self):
        self.step = "prepay-native"
        number = self.number()
        amount = {"total": TOTAL, "currency": "CNY"}
        answer = self.sdk.pay(description="扫码", out_trade_no=number, amount=amount, pay_type=WeChatPayType.NATIVE)
        code_url = self.answer(200, answer)["code_url"]
        check(code_url.startswith("weixin://"), code_url)
        self.shown(code_url)
        self.step = "close"
        self.answer(204, self.sdk.close(number))
        found = self.answer(200, self.sdk.query(out_trade_no=number))
        check(found["trade_state"] == "CLOSED", f"{found}")
        self.shown("204, its empty answer verified; then CLOSED")

    def h5(self):
        self.step = "prepay-h5"
        answer = self.sdk.pay(
            description="网页",
            out_trade_no=self.number(),
            amount={"total": TOTAL, "currency": "CNY"},
            scene_info={"payer_client_ip": "14.23.150.211", "h5_info": {"type": "Wap"}},
            pay_type=WeChatPayType.H5,
        )
        h5_url = self.answer(200, answer)["h5_url"]
        self.sandbox.call("POST", "/_sandbox/verify-pay-params", {"h5_url": h5_url})
        self.shown("the browser would be sent on to the cashier")

    def app(self):
        """What is signed for the OpenSDK is the bare prepay_id."""
        self.step = "prepay-app"
        appid = self.credentials["mobile_appid"]
        answer = self.sdk.pay(
            description="应用",
            out_trade_no=self.number(),
            amount={"total": TOTAL, "currency": "CNY"},
            appid=appid,
            pay_type=WeChatPayType.APP,
        )
        prepay_id = self.answer(200, answer)["prepay_id"]
        now, nonce = str(int(time.time())), uuid.uuid4().hex
        params = {
            "appid": appid,
            "partnerid": self.credentials["mchid"],
            "prepayid": prepay_id,
            "package": "Sign=WXPay",
            "noncestr": nonce,
            "timestamp": now,
            "sign": self.sdk.sign([appid, now, nonce, prepay_id]),
        }
        self.sandbox.call("POST", "/_sandbox/verify-pay-params", params)
        self.shown("the OpenSDK would take its pay parameters")

    def errors(self):
        self.step = "errors"
        answer = self.answer(404, self.sdk.query(out_trade_no="NOBODY-ORDERED-THIS"))
        check(answer["code"] == "ORDER_NOT_EXIST", f"{answer}")
        self.shown("404 ORDER_NOT_EXIST arrives as WeChat Pay's own")

    def forged_answer(self, number):
        self.step = "forged-answer"
        path = f"/v3/pay/transactions/out-trade-no/{number}"
        self.sandbox.faults({"match": {"path": path}, "times": 1, "action": "corrupt_signature"})
        try:
            answer = self.sdk.query(out_trade_no=number)
        except Exception as refusal:
            check("verify the signature" in str(refusal), f"refused for another reason: {refusal!r}")
        else:
            raise Failed(f"a wrongly signed answer was believed: {answer}")
        self.answer(200, self.sdk.query(out_trade_no=number))
        self.shown("a wrongly signed answer is refused by the SDK")

    def rotation(self):
        """A new platform certificate signs; whoever uses certificates has to fetch it."""
        self.step = "rotation"
        new = self.sandbox.call("POST", "/_sandbox/keys/rotate")["platform_serial"]
        met = []
        for _ in range(2):
            number, _ = self.order()
            self.sandbox.pay(number)
            self.accepted(self.sandbox.delivered(number))
            met.append(self.receiver.serials[-1])
        check((new in met) == (self.mode != "public_key"), f"signed with {met} after a rotation to {new}")
        self.shown(f"two orders and their notifications after a rotation to {new}")

    def abnormal_refund(self):
        """A refund that the buyer's account does not take goes to a card, whose number the SDK encrypts."""
        self.step = "abnormal-refund"
        number, _ = self.order()
        self.sandbox.pay(number)
        refund_number = f"R{number}"
        path = "/v3/refund/domestic/refunds"
        self.sandbox.faults({"match": {"path": path}, "action": "refund_ends", "value": "abnormal"})
        amount = {"refund": TOTAL, "total": TOTAL, "currency": "CNY"}
        refund = self.answer(200, self.sdk.refund(out_refund_no=refund_number, amount=amount, out_trade_no=number))
        self.sandbox.faults()
        self.sandbox.advance(10)
        found = self.answer(200, self.sdk.query_refund(refund_number))
        check(found["status"] == "ABNORMAL", f"{found}")
        answer = self.sdk.abnormal_refund(
            refund_id=refund["refund_id"],
            out_refund_no=refund_number,
            type="USER_BANK_CARD",
            bank_type="ICBC_DEBIT",
            bank_account="6222020200112233445",
            real_name="李雷",
        )
        check(self.answer(200, answer)["status"] == "PROCESSING", f"{answer}")
        self.sandbox.advance(10)
        found = self.answer(200, self.sdk.query_refund(refund_number))
        check(found["status"] == "SUCCESS", f"{found}")
        check(found["user_received_account"].endswith("3445"), f"{found}")
        self.shown("ABNORMAL, then to a card whose number and owner the SDK encrypted")

    def bill(self, number):
        """The bill of the day, two days later: its hash is that of the text, whatever it is packed in."""
        self.step = "bill"
        paid = self.answer(200, self.sdk.query(out_trade_no=number))
        self.sandbox.advance(2 * 86_400)
        asked = self.answer(200, self.sdk.trade_bill(paid["success_time"][:10]))
        code, packed = self.sdk.download_bill(asked["download_url"])
        check(code == 200, f"{code} {packed}")
        text = gzip.decompress(packed)
        check(hashlib.sha1(text).hexdigest() == asked["hash_value"], "the hash is not that of the bill")
        lines = [line for line in text.decode("utf-8-sig").splitlines() if number in line]
        check(len(lines) == 2, f"a payment and its refund, but: {lines}")
        check(all(paid["transaction_id"] in line for line in lines), f"{lines}")
        self.shown("downloaded, unpacked, its hash checked; it has the payment and the refund")


def main(base, folder):
    print(f"using {wechatpayv3.__version__}, Python {platform.python_version()}", flush=True)
    point_at(base)
    receiver = Receiver()
    course = None
    try:
        for mode in MODES:
            course = Course(Sandbox(base), receiver, mode, folder)
            course.run()
    except Exception as failure:
        step = f"{course.mode}/{course.step}" if course else "start"
        print(f"FAILED {step}: {failure}", flush=True)
        if not isinstance(failure, Failed):
            raise
        return 1
    finally:
        receiver.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
