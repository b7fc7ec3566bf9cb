"""A small house of cards for tests of scenarios: two policies, three processes, a city."""

from __future__ import annotations

from pathlib import Path

import sim
from sim.scenario import Catalogue

CARDS = {
    "policies/rotation.toml": """
[period]
value = 26
unit = "weeks"
range = [0, 520]
source = "S2"
es = "Periodo de rotación"
en = "Weeks between rotations"
[scope]
value = "sector"
choices = ["sector", "city"]
unit = "word"
source = "S2"
es = "Alcance de la rotación"
en = "Scope of the rotation"
[staggered]
value = true
unit = "yes or no"
source = "S2"
es = "Rotación escalonada"
en = "Staggered rotation"
""",
    "policies/command.toml": """
[quota]
value = 10.0
unit = "tickets/officer/week"
range = [0.0, 50.0]
source = "assumption: ten tickets per element"
es = "Cuota de infracciones"
en = "Tickets asked of an officer"
""",
    "processes/command.toml": """
[quota]
value = 0.5
unit = "share"
range = [0.0, 1.0]
source = "assumption: half of what is asked is done"
es = "Parte de la cuota que se cumple"
en = "Share of the quota that is met"
""",
    "processes/incidents.toml": """
[base_rate]
value = 377.0
unit = "incidents/1000 residents/year"
range = [0.0, 2000.0]
source = "M15"
es = "Incidentes por mil habitantes"
en = "Incidents per thousand residents"
""",
    "processes/attitudes.toml": """
[trust_updating]
value = "asymmetric"
choices = ["asymmetric", "bayesian"]
unit = "word"
role = "theory"
source = "E10"
es = "Cómo cambia la confianza"
en = "How trust changes"
[memory]
value = 0.5
unit = "share"
range = [0.0, 1.0]
source = "E13"
es = "Memoria"
en = "Memory"
""",
    "population.toml": """
[officers]
value = 1.4
unit = "officers/1000 residents"
range = [0.1, 10.0]
source = "M21"
es = "Policías por mil habitantes"
en = "Officers per thousand residents"
""",
    "city.toml": """
[kind]
value = "synthetic"
choices = ["synthetic", "csv"]
unit = "word"
source = "assumption: needs no files"
es = "Origen"
en = "Origin"
[residents]
value = 48000
unit = "people"
range = [1, 1000000]
source = "assumption: quick to run"
es = "Habitantes"
en = "Residents"
""",
    "city_texts.toml": """
[units]
es = "Archivo CSV de cuadrantes"
en = "CSV file of quadrants"
[id_column]
es = "Columna de la clave"
en = "Column with the id"
""",
}


def small_catalogue(folder: Path) -> Catalogue:
    """The cards above, written to ``folder``, with the real cards of ``[run]``."""
    real = (Path(sim.__file__).parent / "run.toml").read_text(encoding="utf-8")
    for name, text in {**CARDS, "run.toml": real}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return Catalogue.load(folder)


SOUND = """\
passage = "officers are moved every six months"

[title]
es = "Rotación semestral"
en = "Six-month rotation"

[run]
weeks = 52

[city]
residents = 1000

[levers.rotation]
period = 13
scope = "city"

[theories]
trust_updating = "bayesian"

[parameters.incidents]
base_rate = {value = 300, source = "M15"}

[parameters.population.officers]
value = 1.5
source = "assumption: the mean of two states"
"""
