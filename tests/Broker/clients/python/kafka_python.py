"""python3-kafka plays every scenario against the broker at argv[1] and prints what it saw as one line of JSON."""
import json
import sys
import threading
import time

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic

bootstrap, topic = sys.argv[1], sys.argv[2]
codecs = [None, "gzip", "snappy", "lz4", "zstd"]
each = 100
start = 1_700_000_000_000
seen = {}

admin = KafkaAdminClient(bootstrap_servers=bootstrap)
admin.create_topics([NewTopic(topic, 2, 1, topic_configs={"retention.ms": "-1"})])
seen["partitions"] = len(KafkaConsumer(bootstrap_servers=bootstrap).partitions_for_topic(topic))

for number, codec in enumerate(codecs):
    producer = KafkaProducer(bootstrap_servers=bootstrap, compression_type=codec, acks="all", linger_ms=50)
    futures = [
        producer.send(topic, key=b"k", value=b"%d" % i, headers=[("h", b"v")], partition=0, timestamp_ms=start + i)
        for i in range(number * each, (number + 1) * each)
    ]
    seen["acknowledged"] = [f.get(10).offset for f in futures][-1] + 1
    producer.close()

zero = TopicPartition(topic, 0)
consumer = KafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest", consumer_timeout_ms=15_000)
consumer.assign([zero])
records = [next(consumer) for _ in range(each * len(codecs))]
seen["values"] = [r.value for r in records] == [b"%d" % i for i in range(each * len(codecs))]
seen["offsets"] = [r.offset for r in records] == list(range(each * len(codecs)))
seen["headers"] = all(r.headers == [("h", b"v")] and r.key == b"k" for r in records)
seen["end"] = consumer.end_offsets([zero])[zero]
seen["times"] = [consumer.offsets_for_times({zero: start + i})[zero].offset for i in (0, 50, 150, 250, 350)]
seen["after the last time"] = consumer.offsets_for_times({zero: start + 10_000})[zero]
consumer.close()


class Member(threading.Thread):
    def __init__(self, name):
        super().__init__(daemon=True)
        self.assigned, self.leaving, self.name = None, threading.Event(), name

    def run(self):
        member = KafkaConsumer(
            topic, bootstrap_servers=bootstrap, group_id=topic, client_id=self.name, auto_offset_reset="earliest",
            session_timeout_ms=6_000, heartbeat_interval_ms=200, enable_auto_commit=False)
        while not self.leaving.is_set():
            member.poll(100)
            self.assigned = len(member.assignment())
            member.commit() if self.assigned else None
        member.close(autocommit=False)


def until(condition):
    limit = time.time() + 30
    while not condition() and time.time() < limit:
        time.sleep(0.05)
    return condition()


first, second = Member("first"), Member("second")
first.start()
seen["alone"] = until(lambda: first.assigned == 2)
second.start()
seen["joined"] = until(lambda: first.assigned == 1 and second.assigned == 1)
described = admin.describe_consumer_groups([topic])[0]
seen["described"] = [described.state, len(described.members)]
seen["listed"] = topic in [g[0] for g in admin.list_consumer_groups()]
second.leaving.set()
seen["left"] = until(lambda: first.assigned == 2)
first.leaving.set()
first.join(10)
committed = admin.list_consumer_group_offsets(topic)
seen["committed"] = committed[zero].offset
seen["deleted group"] = admin.delete_consumer_groups([topic])[0][1].errno
admin.delete_topics([topic])
seen["deleted"] = topic not in KafkaConsumer(bootstrap_servers=bootstrap).topics()
print(json.dumps(seen), flush=True)
