"""The training core: models, fitting, metrics, the report. Data and heads differ, this does not."""
