"""What runs the parts: units of one server, Celery's workers on several, or Kubernetes."""

from enum import StrEnum


class Target(StrEnum):
    """Whom `qwenocr deploy render` writes for."""

    SERVER = "server"
    CELERY = "celery"
    K8S = "k8s"
