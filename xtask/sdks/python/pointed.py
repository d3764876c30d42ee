"""Points the installed wechatpayv3 at another host, without touching its files.

The package has no option for the host: its core sets it to WeChat Pay's, and, where there is no public
key, asks for certificates before its constructor is through. A subclass that holds on to another host is
the least that works in every mode.
"""

import wechatpayv3
import wechatpayv3.core


def point_at(base):
    """From now on a WeChatPay talks to `base`, such as http://127.0.0.1:8081."""

    class PointedCore(wechatpayv3.core.Core):
        @property
        def _gate_way(self):
            return base

        @_gate_way.setter
        def _gate_way(self, _):
            pass

    wechatpayv3.core.Core = PointedCore


def client(credentials, mode, notify_url, cert_dir, wechatpay_type=wechatpayv3.WeChatPayType.JSAPI):
    """The SDK as a merchant of this mode sets it up."""
    key = {}
    if mode != "certificate":
        key = {"public_key": credentials["public_key_pem"], "public_key_id": credentials["public_key_id"]}
    return wechatpayv3.WeChatPay(
        wechatpay_type=wechatpay_type,
        mchid=credentials["mchid"],
        private_key=credentials["merchant_private_key_pem"],
        cert_serial_no=credentials["merchant_serial"],
        appid=credentials["appid"],
        apiv3_key=credentials["api_v3_key"],
        notify_url=notify_url,
        cert_dir=cert_dir,
        timeout=60,
        **key,
    )
