"""The DigitalOcean Functions platform on this computer, as far as a web function can tell."""

from .host import Host, serve
from .project import Function, ProjectError, read_project

__all__ = ["Function", "Host", "ProjectError", "read_project", "serve"]
