// An OCPP 2.0.1 station. Usage: station201.mjs ENDPOINT IDENTITY PASSWORD GOOD_TOKEN BLOCKED_TOKEN

import { randomUUID } from 'node:crypto';
import { later, main, now, orders, step, visit } from './peer.mjs';

const METER_START_WH = 1000;
const METER_SAMPLES_WH = [1500, 2000];
const METER_STOP_WH = 2500;

let ask; // sends a request and returns its response
let transactionId = null;
let seqNo = 0;
let resetAsked;
const reset = new Promise((resolve) => { resetAsked = resolve; });
const variables = new Map([['OCPPCommCtrlr.HeartbeatInterval', '300'], ['SampledDataCtrlr.TxUpdatedInterval', '60']]);

function card(uid) {
  return { idToken: uid, type: 'ISO14443' };
}

async function boot() {
  const answer = await ask('BootNotification', {
    reason: 'PowerUp',
    chargingStation: { vendorName: 'Node', model: 'ocpp-rpc', serialNumber: 'N201', firmwareVersion: '2.2.1' },
  });
  step('booted', { status: answer.status, interval: answer.interval });
}

async function report(connectorStatus) {
  await ask('StatusNotification', { timestamp: now(), connectorStatus, evseId: 1, connectorId: 1 });
}

async function event(eventType, triggerReason, energyWh, context, transactionInfo, more = {}) {
  return ask('TransactionEvent', {
    eventType,
    timestamp: now(),
    triggerReason,
    seqNo: seqNo++,
    transactionInfo: { transactionId, ...transactionInfo },
    meterValue: [{
      timestamp: now(),
      sampledValue: [{ value: energyWh, context, measurand: 'Energy.Active.Import.Register', unitOfMeasure: { unit: 'Wh' } }],
    }],
    evse: { id: 1, connectorId: 1 },
    ...more,
  });
}

// Starts a transaction and sends its samples.
async function begin(reason, idToken, info = {}) {
  await report('Occupied');
  transactionId = randomUUID();
  seqNo = 0;
  const charging = { chargingState: 'Charging' };
  const answer = await event('Started', reason, METER_START_WH, 'Transaction.Begin', { ...charging, ...info }, { idToken });
  for (const energyWh of METER_SAMPLES_WH) {
    await event('Updated', 'MeterValuePeriodic', energyWh, 'Sample.Periodic', charging);
  }
  step('started', { transaction_id: transactionId, status: answer.idTokenInfo.status });
}

async function end(triggerReason, stoppedReason, more = {}) {
  await event('Ended', triggerReason, METER_STOP_WH, 'Transaction.End', { stoppedReason }, more);
  await report('Available');
  const ended = transactionId;
  transactionId = null;
  step('stopped', { transaction_id: ended });
}

async function sendReport(requestId) {
  const rows = [...variables];
  for (const [index, [name, value]] of rows.entries()) {
    const [component, variable] = name.split('.');
    await ask('NotifyReport', {
      requestId,
      generatedAt: now(),
      seqNo: index,
      tbc: index < rows.length - 1,
      reportData: [{
        component: { name: component },
        variable: { name: variable },
        variableAttribute: [{ type: 'Actual', value, mutability: 'ReadWrite' }],
      }],
    });
  }
  step('reported', { request_id: requestId });
}

const triggered = {
  StatusNotification: () => report(transactionId === null ? 'Available' : 'Occupied'),
  Heartbeat: () => ask('Heartbeat', {}),
};

const commands = {
  RequestStartTransaction({ idToken, remoteStartId }) {
    if (transactionId !== null) return { status: 'Rejected' };
    later(() => begin('RemoteStart', idToken, { remoteStartId }));
    return { status: 'Accepted' };
  },
  RequestStopTransaction(request) {
    if (request.transactionId !== transactionId) return { status: 'Rejected' };
    later(() => end('RemoteStop', 'Remote'));
    return { status: 'Accepted' };
  },
  GetVariables({ getVariableData }) {
    return {
      getVariableResult: getVariableData.map(({ component, variable }) => {
        const attributeValue = variables.get(`${component.name}.${variable.name}`);
        if (attributeValue === undefined) return { attributeStatus: 'UnknownVariable', component, variable };
        return { attributeStatus: 'Accepted', attributeValue, component, variable };
      }),
    };
  },
  SetVariables({ setVariableData }) {
    return {
      setVariableResult: setVariableData.map(({ component, variable, attributeValue }) => {
        const name = `${component.name}.${variable.name}`;
        if (!variables.has(name)) return { attributeStatus: 'UnknownVariable', component, variable };
        variables.set(name, attributeValue);
        return { attributeStatus: 'Accepted', component, variable };
      }),
    };
  },
  GetBaseReport({ requestId }) {
    later(() => sendReport(requestId));
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
  await report('Available');
  await ask('Heartbeat', {});
  for (const token of [orders.goodToken, orders.blockedToken]) {
    const answer = await ask('Authorize', { idToken: card(token) });
    step('authorized', { token, status: answer.idTokenInfo.status });
  }
  await begin('Authorized', card(orders.goodToken));
  await end('StopAuthorized', 'Local', { idToken: card(orders.goodToken) });
  step('ready');
  await reset;
}

await main(async () => {
  for (const life of [untilReset, boot]) {
    await visit('ocpp2.0.1', commands, (call) => {
      ask = call;
      return life();
    });
  }
});
