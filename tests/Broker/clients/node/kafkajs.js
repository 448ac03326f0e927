// kafkajs plays every scenario against the broker at argv[2] and prints what it saw as one line of JSON.
// Of the codecs it brings gzip only.
const { CompressionTypes, Kafka, logLevel } = require('kafkajs');

const [bootstrap, topic] = process.argv.slice(2);
const kafka = new Kafka({ clientId: 'kafkajs', brokers: [bootstrap], logLevel: logLevel.NOTHING });
const start = 1_700_000_000_000;
const each = 100;
const seen = {};

async function until(condition) {
  for (const limit = Date.now() + 30_000; Date.now() < limit;) {
    if (await condition()) return true;
    await new Promise(resolve => setTimeout(resolve, 50));
  }
  return false;
}

async function member(name, onRecord) {
  const consumer = kafka.consumer({ groupId: topic, sessionTimeout: 6_000, heartbeatInterval: 200, rebalanceTimeout: 5_000 });
  const state = { consumer, assigned: 0 };
  consumer.on(consumer.events.GROUP_JOIN, event => { state.assigned = (event.payload.memberAssignment[topic] || []).length; });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({ eachMessage: async ({ partition, message }) => onRecord(partition, message) });
  return state;
}

async function main() {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 2, configEntries: [{ name: 'retention.ms', value: '-1' }] }] });
  seen.partitions = (await admin.fetchTopicMetadata({ topics: [topic] })).topics[0].partitions.length;
  const described = await admin.describeConfigs({ resources: [{ type: 2, name: topic, configNames: ['retention.ms'] }] });
  seen.retention = described.resources[0].configEntries[0].configValue;

  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  for (const [number, compression] of [CompressionTypes.None, CompressionTypes.GZIP].entries()) {
    const messages = Array.from({ length: each }, (_, i) => number * each + i)
      .map(i => ({ partition: 0, key: 'k', value: `${i}`, headers: { h: 'v' }, timestamp: `${start + i}` }));
    const [sent] = await producer.send({ topic, acks: -1, compression, messages });
    seen.acknowledged = Number(sent.baseOffset) + each;
  }

  const records = [];
  const first = await member('first', (partition, message) => records.push({ partition, message }));
  seen.alone = await until(() => first.assigned === 2);
  await until(() => records.length === 2 * each);
  seen.values = records.every(({ message }, i) => `${message.value}` === `${i}`);
  seen.offsets = records.every(({ message }, i) => message.offset === `${i}`);
  seen.headers = records.every(({ message }) => `${message.headers.h}` === 'v' && `${message.key}` === 'k');
  const second = await member('second', () => {});
  seen.joined = await until(() => first.assigned === 1 && second.assigned === 1);
  const group = (await admin.describeGroups([topic])).groups[0];
  seen.described = [group.state, group.members.length];
  await second.consumer.disconnect();
  seen.left = await until(() => first.assigned === 2);
  await first.consumer.disconnect();
  const committed = await admin.fetchOffsets({ groupId: topic, topics: [topic] });
  seen.committed = Number(committed[0].partitions.find(p => p.partition === 0).offset);
  seen.end = Number((await admin.fetchTopicOffsets(topic)).find(p => p.partition === 0).high);
  seen.times = [];
  for (const i of [0, 50, 150])
    seen.times.push(Number((await admin.fetchTopicOffsetsByTimestamp(topic, start + i)).find(p => p.partition === 0).offset));
  seen.listed = (await admin.listGroups()).groups.some(g => g.groupId === topic);
  await admin.deleteGroups([topic]);
  await admin.deleteTopics({ topics: [topic] });
  seen.deleted = !(await admin.listTopics()).includes(topic);
  await producer.disconnect();
  await admin.disconnect();
  console.log(JSON.stringify(seen));
}

main().catch(error => { console.error(error); process.exit(1); });
