"""What runs the parts: units or containers of one server, Celery's workers on several, or Kubernetes."""

from enum import StrEnum


class Target(StrEnum):
    """Whom `qwenocr deploy render` writes for."""

    SERVER = "server"
    COMPOSE = "compose"
    CELERY = "celery"
    K8S = "k8s"
