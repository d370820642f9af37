"""The panels of the lessons, one module for each lesson that has one."""
