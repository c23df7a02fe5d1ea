"""
Reports: what offices, payers, evaluators and supervisors read off the chain. Pure.

    lives           what became of every order, and how long it waited where
    programme       firms, uses and money of one programme, by month and stage
    ageing          how long approvals, reviews and payments take, and what waits too long
    bank_file       what a payer's bank is to pay, without flagged orders
    concentration   labs and firms by share, amounts at a cap, bursts before vouchers end
    prices          outliers by service type, under a catalogue that is named by its hash
    lab_year        a lab's cross-region service of a year, signed by its region

A report follows from the events up to a time, from its parameters and from the catalogue that it names, and from nothing else: two
regions that ask for the same get the same bytes. Every lens tells its thresholds, each with its default, in its heading.

What is not here: which events are read, and who may see what (`registry.facts`, the gateway).
"""

from registry.reports.ageing import Ageing, AgeingReport, AgeingThresholds, LateOrder, ageing_report
from registry.reports.bank_file import BankFile, LeftOut, NotToBePaid, ToBePaid, bank_file, bank_file_csv
from registry.reports.basis import Parameter, Report, Uses
from registry.reports.concentration import (
    BurstThresholds,
    CapThresholds,
    ConcentrationReport,
    ShareThresholds,
    concentration_report,
)
from registry.reports.lab_year import LabYear, ServedYear, SignedLabYear, SignedYearRefused, lab_year, seconds_of_year
from registry.reports.lives import Life, Wait, lives_of
from registry.reports.prices import CatalogueRefused, PriceReport, PriceThresholds, ServiceTypes, price_report
from registry.reports.programme import ProgrammeReport, programme_report

__all__ = [
    "Ageing",
    "AgeingReport",
    "AgeingThresholds",
    "BankFile",
    "BurstThresholds",
    "CapThresholds",
    "CatalogueRefused",
    "ConcentrationReport",
    "LabYear",
    "LateOrder",
    "LeftOut",
    "Life",
    "NotToBePaid",
    "Parameter",
    "PriceReport",
    "PriceThresholds",
    "ProgrammeReport",
    "Report",
    "ServedYear",
    "ServiceTypes",
    "ShareThresholds",
    "SignedLabYear",
    "SignedYearRefused",
    "ToBePaid",
    "Uses",
    "Wait",
    "ageing_report",
    "bank_file",
    "bank_file_csv",
    "concentration_report",
    "lab_year",
    "lives_of",
    "price_report",
    "programme_report",
    "seconds_of_year",
]
