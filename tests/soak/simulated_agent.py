"""An agent that runs nothing: says what a real one says, over a real socket, as often as it is told to."""

import collections
import time
import uuid

import zmq

REPORT_REPEAT = 1.0  # seconds without an acknowledgement
ENDED_REPEAT = 1.0


class Attempt:
    def __init__(self, order):
        self.order = order
        self.said = 0  # reports so far
        self.stored = 0
        self.ended = False
        self.stopped = False
        self.next_at = 0.0


class SimulatedAgent:
    def __init__(self, context, pb, address, name, protocol, reports, period):
        self.pb = pb
        self.name = name
        self.reports = reports  # of each attempt
        self.period = period  # seconds between two of them
        self.socket = context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.connect(address)
        self.session = 0
        self.heartbeat_seconds = 1.0
        self.held = collections.OrderedDict()
        self.over = collections.OrderedDict()  # ended attempts, so that an order that is repeated is not obeyed
        self.heartbeat = 0
        self.heartbeats = {}  # number: when it was sent
        self.next_heartbeat = 0.0
        self.next_hello = 0.0
        self.delays = []  # (when, seconds until a heartbeat was acknowledged)
        self.sent = 0
        self.received = 0
        self.finished = 0
        self.hello = pb.Hello(protocol=protocol, version="soak", uuid=str(uuid.uuid4()), name=name, boot_id="soak",
                              incarnation=1, cpus=1, memory_bytes=1 << 30)
        self.hello.slots.add(index=0, kind=pb.CPU, name="simulated")

    # ---- speaking

    def send(self, **body):
        try:
            self.socket.send(self.pb.AgentMessage(session=self.session, **body).SerializeToString(), zmq.DONTWAIT)
            self.sent += 1
        except zmq.Again:
            pass  # lost, like any message; repeated

    def states(self):
        pb = self.pb
        return [pb.HeldAttempt(attempt=each.order.attempt, reports_last=each.said,
                               phase=pb.ENDED if each.ended else pb.RUNNING) for each in self.held.values()]

    def tick(self, now):
        if self.session == 0:
            if now >= self.next_hello:
                self.next_hello = now + 1.0
                self.hello.number += 1
                del self.hello.held[:]
                self.hello.held.extend(self.states())
                self.send(hello=self.hello)
            return
        if now >= self.next_heartbeat:
            self.next_heartbeat = now + self.heartbeat_seconds
            self.heartbeat += 1
            self.heartbeats[self.heartbeat] = now
            self.send(heartbeat=self.pb.Heartbeat(number=self.heartbeat, held=self.states()))
        for attempt in self.held.values():
            if now >= attempt.next_at:
                self.step(attempt, now)

    def step(self, attempt, now):
        pb = self.pb
        if attempt.said < self.reports and not attempt.stopped:
            attempt.said += 1
            attempt.next_at = now + self.period
            self.report(attempt, attempt.said, attempt.said)
        elif attempt.stored < attempt.said:
            attempt.next_at = now + REPORT_REPEAT
            self.report(attempt, attempt.stored + 1, min(attempt.said, attempt.stored + 100))
        else:
            attempt.ended = True
            attempt.next_at = now + ENDED_REPEAT
            wall = int(time.time() * 1e6)
            self.send(ended=pb.AttemptEnded(attempt=attempt.order.attempt, reports_last=attempt.said, started=True,
                                            stopped=attempt.stopped, started_wall_us=wall, ended_wall_us=wall,
                                            metric_names=[b"loss"]))

    def report(self, attempt, first, last):
        batch = self.pb.ReportBatch(attempt=attempt.order.attempt)
        wall = int(time.time() * 1e6)
        for seq in range(first, last + 1):
            batch.reports.add(seq=seq, wall_us=wall).metrics.add(name=b"loss", value=1.0 / seq)
        self.send(reports=batch)

    # ---- listening

    def receive(self, now):
        while True:
            try:
                data = self.socket.recv(zmq.DONTWAIT)
            except zmq.Again:
                return
            self.received += 1
            message = self.pb.DaemonMessage.FromString(data)
            getattr(self, "on_" + message.WhichOneof("body"), lambda *_: None)(message, now)

    def on_hello_ok(self, message, now):
        self.session = message.session
        self.heartbeat_seconds = message.hello_ok.heartbeat_ms / 1000
        # Not all agents in one moment.
        self.next_heartbeat = now + self.heartbeat_seconds * (hash(self.name) % 100) / 100
        for attempt in message.hello_ok.kill:
            self.held.pop(self.key(attempt), None)

    def on_who_are_you(self, _message, _now):
        self.session = 0

    def on_heartbeat_ack(self, message, now):
        sent = self.heartbeats.pop(message.heartbeat_ack.number, None)
        if sent is not None:
            self.delays.append((now, now - sent))
        for number in [each for each in self.heartbeats if each < message.heartbeat_ack.number - 10]:
            del self.heartbeats[number]

    def on_start(self, message, _now):
        key = self.key(message.start.attempt)
        if key not in self.held and key not in self.over:
            self.held[key] = Attempt(message.start)

    def on_stop(self, message, _now):
        key = self.key(message.stop.attempt)
        if key in self.held:
            self.held[key].stopped = True

    def on_reports_ack(self, message, _now):
        attempt = self.held.get(self.key(message.reports_ack.attempt))
        if attempt is not None:
            attempt.stored = attempt.said if message.reports_ack.fenced else max(attempt.stored, message.reports_ack.seq)

    def on_ended_ack(self, message, _now):
        key = self.key(message.ended_ack.attempt)
        if self.held.pop(key, None) is not None:
            self.finished += 1
            self.over[key] = True
            while len(self.over) > 100:
                self.over.popitem(last=False)

    @staticmethod
    def key(attempt):
        return attempt.sweep, attempt.trial, attempt.attempt
