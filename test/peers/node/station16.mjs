// An OCPP 1.6 station. Usage: station16.mjs ENDPOINT IDENTITY PASSWORD GOOD_TOKEN BLOCKED_TOKEN

import { later, main, now, orders, step, visit } from './peer.mjs';

const METER_START_WH = 1000;
const METER_SAMPLES_WH = [1500, 2000];
const METER_STOP_WH = 2500;

let ask; // sends a request and returns its response
let transactionId = null;
let resetAsked;
const reset = new Promise((resolve) => { resetAsked = resolve; });
const configuration = { HeartbeatInterval: '300', MeterValueSampleInterval: '60' };

async function boot() {
  const answer = await ask('BootNotification', {
    chargePointVendor: 'Node', chargePointModel: 'ocpp-rpc', chargePointSerialNumber: 'N16', firmwareVersion: '2.2.1',
  });
  step('booted', { status: answer.status, interval: answer.interval });
}

async function report(connectorId, status) {
  await ask('StatusNotification', { connectorId, errorCode: 'NoError', status, timestamp: now() });
}

// Starts a transaction and sends its samples.
async function begin(idTag) {
  await report(1, 'Preparing');
  const answer = await ask('StartTransaction', { connectorId: 1, idTag, meterStart: METER_START_WH, timestamp: now() });
  transactionId = answer.transactionId;
  await report(1, 'Charging');
  for (const energyWh of METER_SAMPLES_WH) {
    await ask('MeterValues', {
      connectorId: 1,
      transactionId,
      meterValue: [{
        timestamp: now(),
        sampledValue: [
          { value: `${energyWh}`, context: 'Sample.Periodic', measurand: 'Energy.Active.Import.Register', unit: 'Wh' },
          { value: '7200.5', context: 'Sample.Periodic', measurand: 'Power.Active.Import', unit: 'W' },
        ],
      }],
    });
  }
  step('started', { transaction_id: `${transactionId}`, status: answer.idTagInfo.status });
}

async function end(reason, more = {}) {
  const ended = transactionId;
  transactionId = null;
  await ask('StopTransaction', { transactionId: ended, meterStop: METER_STOP_WH, timestamp: now(), reason, ...more });
  await report(1, 'Available');
  step('stopped', { transaction_id: `${ended}` });
}

const triggered = {
  StatusNotification: () => report(1, transactionId === null ? 'Available' : 'Charging'),
  Heartbeat: () => ask('Heartbeat', {}),
};

const commands = {
  RemoteStartTransaction({ idTag }) {
    if (transactionId !== null) return { status: 'Rejected' };
    later(() => begin(idTag));
    return { status: 'Accepted' };
  },
  RemoteStopTransaction(request) {
    if (request.transactionId !== transactionId) return { status: 'Rejected' };
    later(() => end('Remote'));
    return { status: 'Accepted' };
  },
  GetConfiguration({ key = Object.keys(configuration) }) {
    return {
      configurationKey: key.filter((k) => k in configuration).map((k) => ({ key: k, readonly: false, value: configuration[k] })),
      unknownKey: key.filter((k) => !(k in configuration)),
    };
  },
  ChangeConfiguration({ key, value }) {
    if (!(key in configuration)) return { status: 'NotSupported' };
    configuration[key] = value;
    return { status: 'Accepted' };
  },
  TriggerMessage({ requestedMessage }) {
    const send = triggered[requestedMessage];
    if (!send) return { status: 'NotImplemented' };
    later(async () => {
      await send();
      step('triggered', { message: requestedMessage });
    });
    return { status: 'Accepted' };
  },
  Reset() {
    later(async () => resetAsked());
    return { status: 'Accepted' };
  },
};

// Boots, charges once on its own, and then does what the server says.
async function untilReset() {
  await boot();
  await report(0, 'Available');
  await report(1, 'Available');
  await ask('Heartbeat', {});
  for (const token of [orders.goodToken, orders.blockedToken]) {
    const answer = await ask('Authorize', { idTag: token });
    step('authorized', { token, status: answer.idTagInfo.status });
  }
  await begin(orders.goodToken);
  await end('Local', { idTag: orders.goodToken });
  step('ready');
  await reset;
}

await main(async () => {
  for (const life of [untilReset, boot]) {
    await visit('ocpp1.6', commands, (call) => {
      ask = call;
      return life();
    });
  }
});
