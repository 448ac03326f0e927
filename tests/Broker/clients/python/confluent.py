"""python3-confluent-kafka plays every scenario against the broker at argv[1] and prints what it saw as one line of JSON."""
import json
import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic

bootstrap, topic = sys.argv[1], sys.argv[2]
codecs = ["none", "gzip", "snappy", "lz4", "zstd"]
each = 100
start = 1_700_000_000_000
seen = {}

admin = AdminClient({"bootstrap.servers": bootstrap})
admin.create_topics([NewTopic(topic, 2, 1, config={"retention.ms": "-1"})])[topic].result(10)
seen["partitions"] = len(admin.list_topics(topic, 10).topics[topic].partitions)
resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
seen["retention"] = admin.describe_configs([resource])[resource].result(10)["retention.ms"].value

last = []
for number, codec in enumerate(codecs):
    producer = Producer({
        "bootstrap.servers": bootstrap, "compression.type": codec, "enable.idempotence": True, "linger.ms": 50})
    for i in range(number * each, (number + 1) * each):
        producer.produce(
            topic, key=b"k", value=b"%d" % i, headers=[("h", b"v")], partition=0, timestamp=start + i,
            on_delivery=lambda error, message: last.append(-1 if error else message.offset()))
    producer.flush(10)
seen["acknowledged"] = last[-1] + 1

consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": topic + "-reader", "auto.offset.reset": "earliest", "check.crcs": True})
consumer.assign([TopicPartition(topic, 0, 0)])
records = []
limit = time.time() + 15
while len(records) < each * len(codecs) and time.time() < limit:
    records += [m for m in consumer.consume(500, 0.5) if not m.error()]
seen["values"] = [r.value() for r in records] == [b"%d" % i for i in range(each * len(codecs))]
seen["offsets"] = [r.offset() for r in records] == list(range(each * len(codecs)))
seen["headers"] = all(r.headers() == [("h", b"v")] and r.key() == b"k" for r in records)
seen["end"] = consumer.get_watermark_offsets(TopicPartition(topic, 0), 10)[1]
seen["times"] = [consumer.offsets_for_times([TopicPartition(topic, 0, start + i)], 10)[0].offset for i in (0, 50, 150, 250, 350)]
consumer.close()


def member(name, **more):
    one = Consumer({
        "bootstrap.servers": bootstrap, "group.id": topic, "client.id": name, "auto.offset.reset": "earliest", "enable.auto.commit": False,
        "partition.assignment.strategy": "cooperative-sticky", "session.timeout.ms": 6_000, "heartbeat.interval.ms": 200, **more})
    one.subscribe([topic])
    return one


commits = []


def until(members, condition):
    limit = time.time() + 30
    while time.time() < limit:
        for one in members:
            message = one.poll(0.05)
            if message is not None and not message.error():
                try:
                    one.commit(message, asynchronous=False)
                    commits.append(message.offset())
                except KafkaException:
                    pass  # a rebalance came between
        if condition():
            return True
    return False


first = member("first", **{"group.instance.id": "static-1"})
seen["alone"] = until([first], lambda: len(first.assignment()) == 2)
second = member("second")
seen["joined"] = until([first, second], lambda: len(first.assignment()) == 1 and len(second.assignment()) == 1)
seen["listed"] = topic in [g.id for g in admin.list_groups(timeout=10)]
second.close()
seen["left"] = until([first], lambda: len(first.assignment()) == 2)
until([first], lambda: commits)
first.close()
reader = Consumer({"bootstrap.servers": bootstrap, "group.id": topic})
seen["committed"] = reader.committed([TopicPartition(topic, 0)], 10)[0].offset > 0
reader.close()
try:
    Producer({"bootstrap.servers": bootstrap, "transactional.id": "t"}).init_transactions(10)
    seen["transactions"] = "offered"
except KafkaException as refused:
    seen["transactions"] = refused.args[0].name()
admin.delete_topics([topic])[topic].result(10)
seen["deleted"] = topic not in admin.list_topics(timeout=10).topics
print(json.dumps(seen), flush=True)
