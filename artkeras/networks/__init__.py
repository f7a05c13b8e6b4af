"""Builders: plain functions that return Keras models. Every published difference is a keyword."""

import artkeras.engine  # noqa: F401 - before any other import of Keras: it checks and quiets the backend
