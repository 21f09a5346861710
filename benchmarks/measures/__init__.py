"""What is measured, each in a file of its own; this is their order."""

from measures.added import ADDED_LATENCY
from measures.bench import Measure
from measures.connecting import NEW_CONNECTIONS
from measures.curve import LATENCY_AGAINST_LOAD
from measures.documents import HUGE_DOCUMENTS, LARGE_DOCUMENTS
from measures.idle import IDLE_CONNECTIONS
from measures.overload import OVERLOAD
from measures.scaling import BODY_SIZE, FAULT_RULES, REGISTRY
from measures.small import SMALL_REQUESTS
from measures.workers import TWO_WORKERS

ORDER: tuple[Measure, ...] = (
    SMALL_REQUESTS,
    ADDED_LATENCY,
    TWO_WORKERS,
    LARGE_DOCUMENTS,
    NEW_CONNECTIONS,
    HUGE_DOCUMENTS,
    LATENCY_AGAINST_LOAD,
    BODY_SIZE,
    OVERLOAD,
    FAULT_RULES,
    IDLE_CONNECTIONS,
    REGISTRY,
)

__all__ = ["ORDER", "Measure"]
