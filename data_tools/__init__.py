"""Collecting pictures and preparing them to train on. `python -m data_tools --help`.

Run seldom, and never imported by `artkeras`. Every source writes the same thing: a folder of pictures that
`python -m artkeras train --data FOLDER` reads, and in it `manifest.jsonl`, which says of each picture what it is, where
it came from, and under which rights.
"""
