// wechatpay-axios-plugin, pointed at the sandbox by its own option `baseURL`.
'use strict';

const crypto = require('node:crypto');
const zlib = require('node:zlib');
const { Wechatpay, Rsa, Formatter, Aes } = require('wechatpay-axios-plugin');
const { version } = require('wechatpay-axios-plugin/package.json');
const { play, check } = require('./course');

class AxiosPlugin {
  static version = version;

  static verifiesAnswers = true;

  static encrypts = true;

  /** It believes the keys that it was given; a new one is fetched and given to a new client. */
  static fetchesNewCertificates = false;

  constructor(credentials, keys, options) {
    this.appid = credentials.appid;
    this.mchid = credentials.mchid;
    this.apiV3Key = credentials.api_v3_key;
    this.privateKey = credentials.merchant_private_key_pem;
    this.keys = keys;
    this.wxpay = new Wechatpay({
      mchid: this.mchid,
      serial: credentials.merchant_serial,
      privateKey: this.privateKey,
      certs: { ...keys },
      ...options,
    });
  }

  /** The SDK as a merchant of this mode sets it up. */
  static async connect(baseURL, mode, credentials) {
    const keys = mode === 'public_key' ? {} : await this.certificates(baseURL, credentials);
    const options = { baseURL };
    if (mode !== 'certificate') {
      keys[credentials.public_key_id] = credentials.public_key_pem;
      // Asks WeChat Pay to sign its answers with the public key.
      options.headers = { 'Wechatpay-Serial': credentials.public_key_id };
    }
    return new this(credentials, keys, options);
  }

  /**
   * The platform certificates by their serial. The first answer cannot be verified, because what it is
   * signed with stands in it; the APIv3 key vouches for it. With what it lists the SDK verifies a second one.
   */
  static async certificates(baseURL, credentials) {
    const found = {};
    const bare = new this(credentials, { any: undefined }, { baseURL }).wxpay;
    const { data } = await bare.v3.certificates.get({ transformResponse: JSON.parse });
    for (const { serial_no: serial, encrypt_certificate: sealed } of data.data) {
      const { ciphertext, nonce, associated_data: aad } = sealed;
      found[serial] = Aes.AesGcm.decrypt(ciphertext, credentials.api_v3_key, nonce, aad);
    }
    await new this(credentials, found, { baseURL }).wxpay.v3.certificates.get();
    return found;
  }

  static hasCertificate(certificates, serial, pem) {
    const found = certificates[serial];
    return found && new crypto.X509Certificate(found).raw.equals(new crypto.X509Certificate(pem).raw);
  }

  async jsapi(order) {
    const { data } = await this.wxpay.v3.pay.transactions.jsapi.post({ ...this.merchant, ...order });
    const params = {
      appId: this.appid,
      timeStamp: `${Formatter.timestamp()}`,
      nonceStr: Formatter.nonce(),
      package: `prepay_id=${data.prepay_id}`,
    };
    const paySign = Rsa.sign(Formatter.joinedByLineFeed(...Object.values(params)), this.privateKey);
    return { ...params, signType: 'RSA', paySign };
  }

  async native(order) {
    const { data } = await this.wxpay.v3.pay.transactions.native.post({ ...this.merchant, ...order });
    return data.code_url;
  }

  async h5(order) {
    const { data } = await this.wxpay.v3.pay.transactions.h5.post({ ...this.merchant, ...order });
    return data.h5_url;
  }

  async app(order) {
    const { data } = await this.wxpay.v3.pay.transactions.app.post({ ...this.merchant, ...order });
    const signed = [order.appid, `${Formatter.timestamp()}`, Formatter.nonce(), data.prepay_id];
    const [appid, timestamp, noncestr, prepayid] = signed;
    const sign = Rsa.sign(Formatter.joinedByLineFeed(...signed), this.privateKey);
    return { appid, partnerid: this.mchid, prepayid, package: 'Sign=WXPay', noncestr, timestamp, sign };
  }

  async query(outTradeNo) {
    const { data } = await this.wxpay.v3.pay.transactions.outTradeNo._out_trade_no_
      .get({ params: { mchid: this.mchid }, out_trade_no: outTradeNo });
    return data;
  }

  async queryById(transactionId) {
    const { data } = await this.wxpay.v3.pay.transactions.id._transaction_id_
      .get({ params: { mchid: this.mchid }, transaction_id: transactionId });
    return data;
  }

  async close(outTradeNo) {
    const { status } = await this.wxpay.v3.pay.transactions.outTradeNo._out_trade_no_.close
      .post({ mchid: this.mchid }, { out_trade_no: outTradeNo });
    return status;
  }

  async refund(refund) {
    const { data } = await this.wxpay.v3.refund.domestic.refunds.post(refund);
    return data;
  }

  async queryRefund(outRefundNo) {
    const { data } = await this.wxpay.v3.refund.domestic.refunds._out_refund_no_
      .get({ out_refund_no: outRefundNo });
    return data;
  }

  /** To a card of the buyer, encrypted for the newest of the keys. */
  async abnormalRefund(refundId, outRefundNo, { bank_type: bankType, ...secrets }) {
    const [serial, key] = Object.entries(this.keys).at(-1);
    const encrypted = Object.entries(secrets).map(([name, text]) => [name, Rsa.encrypt(text, key)]);
    const { data } = await this.wxpay.v3.refund.domestic.refunds._refund_id_.applyAbnormalRefund.post({
      out_refund_no: outRefundNo,
      type: 'USER_BANK_CARD',
      bank_type: bankType,
      ...Object.fromEntries(encrypted),
    }, { refund_id: refundId, headers: { 'Wechatpay-Serial': serial } });
    return data;
  }

  /** The text of a day's bill, and the hash that it should have. */
  async bill(day) {
    const params = { bill_date: day, bill_type: 'ALL', tar_type: 'GZIP' };
    const { data: asked } = await this.wxpay.v3.bill.tradebill.get({ params });
    const token = new URL(asked.download_url).searchParams.get('token');
    const { data: packed } = await this.wxpay.v3.billdownload.file
      .get({ params: { token }, responseType: 'arraybuffer' });
    return { text: zlib.gunzipSync(packed), hash: asked.hash_value };
  }

  /** The notification with its resource decrypted; throws if it is not to be believed. */
  open(headers, body) {
    const key = this.keys[headers['wechatpay-serial']];
    check(key, 'signed with a key that is not known');
    const signed = Formatter.response(headers['wechatpay-timestamp'], headers['wechatpay-nonce'], body);
    check(Rsa.verify(signed, headers['wechatpay-signature'], key), 'wrongly signed');
    const notice = JSON.parse(body);
    const { ciphertext, nonce, associated_data: aad } = notice.resource;
    notice.resource = JSON.parse(Aes.AesGcm.decrypt(ciphertext, this.apiV3Key, nonce, aad));
    return notice;
  }

  /** How WeChat Pay refused this. */
  async refusal(call) {
    const error = await call().then(() => undefined, (refused) => refused);
    check(error?.response, `not refused by WeChat Pay: ${error}`);
    return { status: error.response.status, code: error.response.data.code };
  }

  static isForgery(error) {
    return error.code === 'EV3_RES_HEADER_SIGNATURE_DIGEST';
  }

  get merchant() {
    return { appid: this.appid, mchid: this.mchid };
  }
}

play(AxiosPlugin);
