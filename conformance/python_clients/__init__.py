"""The scenarios in Python; runs beside any version of the SDKs and therefore imports nothing of Limi."""
