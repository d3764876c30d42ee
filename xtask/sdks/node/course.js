// What an SDK has to be able to do with the sandbox, step by step, in each of the three modes.
//
// A line `using …` first, and `ok MODE/CAPABILITY: …` for each thing shown; the first thing that is wrong ends it with 1. The
// SDK comes as an adapter: axios_plugin.js and node_v3.js say how each is pointed at the sandbox.
'use strict';

const crypto = require('node:crypto');
const { isDeepStrictEqual } = require('node:util');
const { Receiver } = require('./receiver');
const { Sandbox, Failed, check } = require('./sandbox');

const MODES = ['certificate', 'public_key', 'mixed'];
// What an honest WeChat Pay would not send, and an SDK can find out. (It does not look at the age.)
const NOT_BELIEVABLE = ['signature', 'probe', 'body', 'serial', 'unsigned', 'key'];
const TOTAL = 199;
const REFUND = 99;

/** One mode, from the certificates to the bill. */
class Course {
  step = 'start';

  numbers = 0;

  constructor(sandbox, receiver, mode, Sdk) {
    Object.assign(this, { sandbox, receiver, mode, Sdk });
  }

  /** Every step, in an order in which each stands on those before it. */
  async run() {
    await this.sandbox.begin(this.mode);
    this.credentials = await this.sandbox.credentials();
    this.receiver.forget();
    await this.certificates();
    await this.connect();
    const paid = await this.jsapi();
    await this.paymentNotice(paid);
    await this.query(paid);
    await this.refund(paid);
    this.bothKeys();
    await this.tampered(paid);
    await this.nativeAndClose();
    await this.h5();
    await this.app();
    await this.errors();
    if (this.Sdk.verifiesAnswers) await this.forgedAnswer(paid);
    await this.rotation();
    if (this.Sdk.encrypts) await this.abnormalRefund();
    await this.bill(paid);
  }

  shown(what) {
    console.log(`ok ${this.mode}/${this.step}: ${what}`);
  }

  number() {
    this.numbers += 1;
    const mode = this.mode.slice(0, 4).toUpperCase();
    return `JS${Math.floor(Date.now() / 1000)}${mode}${String(this.numbers).padStart(2, '0')}`;
  }

  /** The SDK as a merchant of this mode sets it up. */
  async connect() {
    this.sdk = await this.Sdk.connect(this.sandbox.base, this.mode, await this.sandbox.credentials());
    this.receiver.open = (headers, body) => this.sdk.open(headers, body);
  }

  async certificates() {
    this.step = 'certificates';
    const { platform_serial: serial, platform_certificate_pem: ours } = this.credentials;
    const fetching = this.Sdk.certificates(this.sandbox.base, this.credentials);
    if (this.mode === 'public_key') {
      const refusal = await fetching.then(() => undefined, (error) => error);
      check(refusal, 'certificates were listed to a merchant that has the public key');
      return this.shown('none are listed for a merchant that has the public key');
    }
    check(await this.Sdk.hasCertificate(await fetching, serial, ours), `${serial} was not fetched`);
    return this.shown(`fetched and decrypted ${serial}`);
  }

  orderOf(number) {
    return {
      description: '龙井 · 一盒',
      out_trade_no: number,
      notify_url: this.receiver.url,
      amount: { total: TOTAL, currency: 'CNY' },
      attach: '附加',
    };
  }

  async jsapiOrder() {
    const number = this.number();
    return [number, await this.sdk.jsapi({ ...this.orderOf(number), payer: { openid: 'oSdkBuyer0001' } })];
  }

  async jsapi() {
    this.step = 'prepay-jsapi';
    const [number, params] = await this.jsapiOrder();
    check(params.package.startsWith('prepay_id='), params);
    this.shown(number);
    this.step = 'sign';
    await this.sandbox.call('POST', '/_sandbox/verify-pay-params', params);
    this.shown('the cashier would open with its pay parameters');
    return number;
  }

  async paymentNotice(number) {
    this.step = 'payment-notice';
    const found = await this.sdk.query(number);
    check(found.trade_state === 'NOTPAY', found);
    await this.sandbox.pay(number);
    const notice = this.accepted(await this.sandbox.delivered(number));
    check(notice.event_type === 'TRANSACTION.SUCCESS', notice);
    check(notice.resource.out_trade_no === number, notice);
    check(notice.resource.amount.total === TOTAL, notice);
    check(notice.resource.attach === '附加', notice);
    this.shown('verified and decrypted by the SDK, answered 200');
  }

  /** What the SDK opened is what the ledger says was sent, and the ledger says it was answered 200. */
  accepted(noted) {
    const last = noted.attempts.at(-1);
    check(last.outcome === 'answered' && last.status === 200, last);
    const opened = this.receiver.opened.at(-1);
    check(isDeepStrictEqual(opened.resource, noted.resource), [opened, noted.resource]);
    return opened;
  }

  async query(number) {
    this.step = 'query';
    const byOurs = await this.sdk.query(number);
    check(byOurs.trade_state === 'SUCCESS', byOurs);
    const byTheirs = await this.sdk.queryById(byOurs.transaction_id);
    check(isDeepStrictEqual(byTheirs, byOurs), [byTheirs, byOurs]);
    this.shown('NOTPAY, then SUCCESS, by both numbers');
  }

  async refund(number) {
    this.step = 'refund';
    const refundNumber = `R${number}`;
    const refund = await this.sdk.refund({
      out_trade_no: number,
      out_refund_no: refundNumber,
      reason: '少发',
      notify_url: this.receiver.url,
      amount: { refund: REFUND, total: TOTAL, currency: 'CNY' },
    });
    check(refund.status === 'PROCESSING', refund);
    this.shown(`${REFUND} of ${TOTAL} fen, PROCESSING`);
    this.step = 'query-refund';
    await this.sandbox.advance(10);
    const found = await this.sdk.queryRefund(refundNumber);
    check(found.status === 'SUCCESS' && found.amount.refund === REFUND, found);
    check(found.refund_id === refund.refund_id, [found, refund]);
    this.shown('SUCCESS');
    this.step = 'refund-notice';
    const notice = this.accepted(await this.sandbox.delivered(number, refundNumber));
    check(notice.event_type === 'REFUND.SUCCESS', notice);
    check(notice.resource.amount.refund === REFUND, notice);
    this.shown('verified and decrypted by the SDK, answered 200');
  }

  /** While both are in use WeChat Pay chooses the key of a notification. */
  bothKeys() {
    this.step = 'keys';
    const { platform_serial: platform, public_key_id: publicKey } = this.credentials;
    const expected = { certificate: [platform], public_key: [publicKey], mixed: [platform, publicKey] };
    const met = [...new Set(this.receiver.serials)].sort();
    check(isDeepStrictEqual(met, expected[this.mode].sort()), `signed with ${met}`);
    this.shown(`notifications signed with ${met.join(' and ')}`);
  }

  async tampered(number) {
    this.step = 'tampered-notice';
    const before = this.receiver.opened.length;
    for (const tamper of NOT_BELIEVABLE) {
      const attempt = await this.sandbox.notify(number, tamper);
      check(attempt.status === 401, `${tamper}: ${JSON.stringify(attempt)}`);
    }
    check(this.receiver.opened.length === before, 'a tampered notification was opened');
    const honest = await this.sandbox.notify(number, 'replay');
    check(honest.status === 200, honest);
    this.shown(`${NOT_BELIEVABLE.join(', ')}: answered 401; the honest one again: 200`);
  }

  async nativeAndClose() {
    this.step = 'prepay-native';
    const number = this.number();
    const codeUrl = await this.sdk.native(this.orderOf(number));
    check(codeUrl.startsWith('weixin://'), codeUrl);
    this.shown(codeUrl);
    this.step = 'close';
    const status = await this.sdk.close(number);
    check(status === 204, `answered ${status}`);
    const found = await this.sdk.query(number);
    check(found.trade_state === 'CLOSED', found);
    this.shown('204, then CLOSED');
  }

  async h5() {
    this.step = 'prepay-h5';
    const scene = { payer_client_ip: '14.23.150.211', h5_info: { type: 'Wap' } };
    const h5Url = await this.sdk.h5({ ...this.orderOf(this.number()), scene_info: scene });
    await this.sandbox.call('POST', '/_sandbox/verify-pay-params', { h5_url: h5Url });
    this.shown('the browser would be sent on to the cashier');
  }

  /** What is signed for the OpenSDK is the bare prepay_id. */
  async app() {
    this.step = 'prepay-app';
    const order = { ...this.orderOf(this.number()), appid: this.credentials.mobile_appid };
    await this.sandbox.call('POST', '/_sandbox/verify-pay-params', await this.sdk.app(order));
    this.shown('the OpenSDK would take its pay parameters');
  }

  async errors() {
    this.step = 'errors';
    const refusal = await this.sdk.refusal(() => this.sdk.query('NOBODY-ORDERED-THIS'));
    check(refusal.status === 404 && refusal.code === 'ORDER_NOT_EXIST', refusal);
    this.shown("404 ORDER_NOT_EXIST arrives as WeChat Pay's own");
  }

  async forgedAnswer(number) {
    this.step = 'forged-answer';
    const path = `/v3/pay/transactions/out-trade-no/${number}`;
    await this.sandbox.faults({ match: { path }, times: 1, action: 'corrupt_signature' });
    const refusal = await this.sdk.query(number).then(() => undefined, (error) => error);
    check(refusal, 'a wrongly signed answer was believed');
    check(this.Sdk.isForgery(refusal), `refused for another reason: ${refusal}`);
    await this.sdk.query(number);
    this.shown('a wrongly signed answer is refused by the SDK');
  }

  /** A new platform certificate signs; whoever uses certificates has to fetch it. */
  async rotation() {
    this.step = 'rotation';
    const { platform_serial: fresh } = await this.sandbox.call('POST', '/_sandbox/keys/rotate');
    if (!this.Sdk.fetchesNewCertificates) await this.connect();
    const met = [];
    for (let turn = 0; turn < 2; turn += 1) {
      const [number] = await this.jsapiOrder();
      await this.sandbox.pay(number);
      this.accepted(await this.sandbox.delivered(number));
      met.push(this.receiver.serials.at(-1));
    }
    check(met.includes(fresh) === (this.mode !== 'public_key'), `signed with ${met}, not ${fresh}`);
    this.shown(`two orders and their notifications after a rotation to ${fresh}`);
  }

  /** A refund that the buyer's account does not take goes to a card, whose number the SDK encrypts. */
  async abnormalRefund() {
    this.step = 'abnormal-refund';
    const [number] = await this.jsapiOrder();
    await this.sandbox.pay(number);
    const refundNumber = `R${number}`;
    const path = '/v3/refund/domestic/refunds';
    await this.sandbox.faults({ match: { path }, action: 'refund_ends', value: 'abnormal' });
    const refund = await this.sdk.refund({
      out_trade_no: number,
      out_refund_no: refundNumber,
      amount: { refund: TOTAL, total: TOTAL, currency: 'CNY' },
    });
    await this.sandbox.faults();
    await this.sandbox.advance(10);
    const abnormal = await this.sdk.queryRefund(refundNumber);
    check(abnormal.status === 'ABNORMAL', abnormal);
    const card = { bank_type: 'ICBC_DEBIT', bank_account: '6222020200112233445', real_name: '李雷' };
    const again = await this.sdk.abnormalRefund(refund.refund_id, refundNumber, card);
    check(again.status === 'PROCESSING', again);
    await this.sandbox.advance(10);
    const found = await this.sdk.queryRefund(refundNumber);
    check(found.status === 'SUCCESS' && found.user_received_account.endsWith('3445'), found);
    this.shown('ABNORMAL, then to a card whose number and owner the SDK encrypted');
  }

  /** The bill of the day, two days later: its hash is that of the text, whatever it is packed in. */
  async bill(number) {
    this.step = 'bill';
    const paid = await this.sdk.query(number);
    await this.sandbox.advance(2 * 86_400);
    const { text, hash } = await this.sdk.bill(paid.success_time.slice(0, 10));
    check(crypto.createHash('sha1').update(text).digest('hex') === hash, 'the hash is not that of the bill');
    const lines = text.toString().split('\r\n').filter((line) => line.includes(number));
    check(lines.length === 2 && lines.every((line) => line.includes(paid.transaction_id)), lines);
    this.shown('downloaded, its hash checked; it has the payment and the refund');
  }
}

/** Plays it with the sandbox that the command line names; the exit code says how it ended. */
async function play(Sdk) {
  console.log(`using ${Sdk.version}, Node ${process.versions.node}`);
  const sandbox = new Sandbox(process.argv[2]);
  const receiver = new Receiver();
  await receiver.listen();
  let course;
  try {
    for (const mode of MODES) {
      course = new Course(sandbox, receiver, mode, Sdk);
      await course.run();
    }
  } catch (failure) {
    console.log(`FAILED ${course.mode}/${course.step}: ${failure.message}`);
    if (!(failure instanceof Failed)) console.error(failure.stack);
    process.exitCode = 1;
  } finally {
    receiver.close();
  }
}

module.exports = { play, Failed, check };
