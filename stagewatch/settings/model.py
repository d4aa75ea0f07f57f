"""Every setting: its name, type, default and meaning; the README's table is made from here.

It knows neither the environment nor files: `loading` fills it in. Lengths of time are whole milliseconds.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, model_validator

from schemas.decoding import MAX_RECORD_BYTES
from stagewatch.settings.fields import Addresses, ExistingFile, Length, LengthOrNever, TopicName, listed, source

Port = Annotated[int, Field(ge=0, le=65_535)]
Count = Annotated[int, Field(ge=1, le=1_000_000)]


class Section(BaseModel):
    """Settings are read once and never change; a name that is not known is a fault, not a shrug."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Security(Section):
    """How the broker is spoken to, and as whom."""

    protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="How the broker is spoken to: in the clear, over TLS, with a login, or both"
    )
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] = Field(
        "SCRAM-SHA-512", description="How the login is proved, with SASL_PLAINTEXT and SASL_SSL"
    )
    username: str | None = Field(None, description="The login's name; not with OAUTHBEARER")
    password: SecretStr | None = Field(None, description="The login's password, never shown")
    token_file: ExistingFile | None = Field(
        None,
        description="With OAUTHBEARER, the file that holds the token; read anew for each connection, so that whoever"
        " put it there can renew it",
    )
    ca_file: ExistingFile | None = Field(
        None, description="PEM file of the authority that signed the broker's certificate; else the system's"
    )
    cert_file: ExistingFile | None = Field(
        None, description="PEM file of our own certificate, where the broker asks for one"
    )
    key_file: ExistingFile | None = Field(None, description="PEM file of the key to `cert_file`")
    key_password: SecretStr | None = Field(None, description="What `key_file` is encrypted with, never shown")

    @model_validator(mode="after")
    def _whole(self) -> Self:
        needed = ("token_file",) if self.mechanism == "OAUTHBEARER" else ("username", "password")
        missing = [name for name in needed if getattr(self, name) is None]
        if self.protocol.startswith("SASL_") and missing:
            raise ValueError(f"{self.protocol} with {self.mechanism} needs security.{' and security.'.join(missing)}")
        if self.protocol in {"PLAINTEXT", "SASL_PLAINTEXT"} and (self.ca_file or self.cert_file):
            raise ValueError(f"certificates are given, but {self.protocol} does not use TLS: say SSL or SASL_SSL")
        if (self.cert_file is None) != (self.key_file is None):
            raise ValueError("security.cert_file and security.key_file go together: give both or neither")
        return self


class Source(Section):
    """A topic that events arrive on, and how they are written there."""

    topic: TopicName = Field(description="Name of the topic")
    dialect: str = Field("auto", min_length=1, description="Name of a dialect, or `auto` to detect it")


class Topics(Section):
    """The topics that are ours."""

    prefix: Annotated[str, Field(pattern=r"^[a-zA-Z0-9._-]{0,100}$")] = Field(
        "", description="Put before the name of every topic of ours, routed ones too; not before sources"
    )
    transitions: TopicName = Field("stage-transitions", description="Topic of every transition")
    stages: TopicName = Field("customer-stages", description="Compacted topic: where each customer stands now")
    rejected: TopicName = Field(
        "rejected-events", description="Topic of what could not be understood, with the reason in its headers"
    )
    commands: TopicName = Field(
        "customer-commands", description="Topic of what is to be done with customers: erase, suppress, unsuppress"
    )

    def all(self) -> list[str]:
        """The full name of each of them."""
        return [self.named(name) for name in (self.transitions, self.stages, self.rejected, self.commands)]

    def named(self, name: str) -> str:
        """The topic's full name, prefix first. For the names above and for a journey's routes."""
        return self.prefix + name

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.all())) < len(self.all()):
            raise ValueError(
                "topics.transitions, topics.stages, topics.rejected and topics.commands must be four different topics"
            )
        return self


class Commands(Section):
    """Who may say what is to be done with customers."""

    keys: Annotated[list[Annotated[SecretStr, Field(min_length=16)]], BeforeValidator(listed)] = Field(
        [],
        description="Commands must be signed with one of these keys, of at least 16 characters each; the first is what"
        " `stagewatch customer` signs with. None: whoever may write to the topic is obeyed. Never shown",
    )


class Clock(Section):
    """How event time and the wall clock meet. How long to wait for stragglers belongs to the journey."""

    # A second, and not the time that stragglers need, which is `patience`: a partition with an event every few seconds
    # is never silent for longer, and its carts would be abandoned that much too late.
    idle_after: LengthOrNever = Field(
        1_000,
        description="A partition silent for this long, with nothing left to read, follows the wall clock, so"
        " that a cart is abandoned on time even if nobody else shops; `never`: events alone drive time",
    )
    future_skew: Length = Field(
        300_000, description="An event dated further ahead of the wall clock than this is rejected"
    )


class Store(Section):
    """Where customers lie whom nobody has heard of lately."""

    kind: Literal["memory", "rocksdb"] = Field(
        "memory",
        description="Where customers at rest are kept: in the worker's memory, or in RocksDB files below `store.path`",
    )
    path: Path | None = Field(
        None, description="Folder for the files of `rocksdb`; several workers of one machine may share it"
    )

    @model_validator(mode="after")
    def _placed(self) -> Self:
        if self.kind == "rocksdb" and self.path is None:
            raise ValueError("store.kind rocksdb needs store.path, a folder that outlives the worker")
        return self


class Http(Section):
    """Where /metrics, /live and /ready are served."""

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on; 0.0.0.0 lets other machines in")
    port: Port = Field(8000, description="Port to listen on; 0 takes any free one and says which")
    token: SecretStr | None = Field(
        None,
        min_length=16,
        description="Who asks for /metrics must send it, `Authorization: Bearer <token>`; /live and /ready are for all."
        " At least 16 characters, never shown",
    )


class Client(Section):
    """How the Kafka client behaves. The defaults suit a broker in the same data centre."""

    session_timeout: Length = Field(
        20_000, description="A worker not heard from for this long has its partitions given to others"
    )
    heartbeat_interval: Length = Field(
        3_000, description="How often a worker says that it lives; at most a third of the session timeout"
    )
    rebalance_timeout: Length = Field(
        30_000, description="How long the group waits for its workers when partitions are given out anew"
    )
    request_timeout: Length = Field(
        40_000, description="How long to wait for an answer of the broker; more than the session timeout"
    )
    fetch_wait: Length = Field(
        100,
        description="How long the broker may hold back a fetch that finds nothing new: a bound on latency",
    )
    batch_records: Count = Field(5_000, description="Records taken from a partition at once, at most")
    commit_interval: Length = Field(1_000, description="How often offsets are committed")

    @model_validator(mode="after")
    def _in_proportion(self) -> Self:
        if self.heartbeat_interval * 3 > self.session_timeout:
            raise ValueError("client.heartbeat_interval must be at most a third of client.session_timeout")
        if self.request_timeout <= self.session_timeout:
            raise ValueError("client.request_timeout must be longer than client.session_timeout")
        return self


class Log(Section):
    """What the worker says on stderr."""

    format: Literal["text", "json"] = Field("text", description="Lines for people, or one JSON object a line")
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="The least that is worth a line")


class Settings(Section):
    """All that an operator can set."""

    app_id: TopicName = Field("stagewatch", description="Name of the consumer group, and prefix of the changelog topic")
    broker: Addresses = Field(
        "127.0.0.1:9092",
        description="Kafka brokers to start from, host:port, separated by commas",
    )
    security: Security = Security()
    sources: Annotated[list[Annotated[Source, BeforeValidator(source)]], BeforeValidator(listed)] = Field(
        [Source(topic="shop-events", dialect="auto")],
        min_length=1,
        description="Topics to read, each with its dialect: a list of {topic, dialect}, or in short"
        " `shop-events=segment,orders=shopify`",
    )
    journeys: Annotated[list[str], BeforeValidator(listed)] = Field(
        ["five-stage"],
        min_length=1,
        description="Journeys to follow: names of shipped ones, or paths of files",
    )
    forget_journeys: Annotated[list[str], BeforeValidator(listed)] = Field(
        [],
        description="Names of journeys that are followed no longer, to forget what customers went through on them. A"
        " worker that finds such customers refuses to start else",
    )
    dialect_files: Annotated[list[ExistingFile], BeforeValidator(listed)] = Field(
        [], description="Paths of further dialects, beside the shipped ones"
    )
    topics: Topics = Topics()
    partitions: Count = Field(
        8,
        description="Partitions of each topic we create: the most workers that can share the work. For good",
    )
    replication: Count = Field(
        1,
        description="Copies of each topic we create: 1 suits one broker, in production take 3",
    )
    max_record_bytes: Annotated[int, Field(ge=1_024, le=MAX_RECORD_BYTES)] = Field(
        MAX_RECORD_BYTES, description="A record longer than this many bytes is rejected unread; at most 1 MiB"
    )
    exactly_once: bool = Field(
        False,
        description="Write all that a batch leads to in one Kafka transaction, with its offset: subscribers that read"
        " committed records only see each change once, also after a crash",
    )
    commands: Commands = Commands()
    clock: Clock = Clock()
    store: Store = Store()
    http: Http = Http()
    client: Client = Client()
    log: Log = Log()

    @model_validator(mode="after")
    def _no_loops(self) -> Self:
        read = [each.topic for each in self.sources]
        ours = set(self.topics.all())
        if twice := sorted({topic for topic in read if read.count(topic) > 1}):
            raise ValueError(f"sources name a topic twice: {', '.join(twice)}")
        if both := sorted(ours.intersection(read)):
            raise ValueError(f"a topic of ours cannot be a source: {', '.join(both)}")
        return self
