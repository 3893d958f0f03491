"""The course as a Common Cartridge, for Canvas's import."""

from unrolled.canvas.cartridge.build import CartridgeReport, make_cartridge

__all__ = ["CartridgeReport", "make_cartridge"]
