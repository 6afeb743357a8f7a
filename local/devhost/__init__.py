"""The DigitalOcean Functions platform on this computer, as far as a web function can tell."""

from .project import Function, ProjectError, read_project
from .server import Host, serve

__all__ = ["Function", "Host", "ProjectError", "read_project", "serve"]
