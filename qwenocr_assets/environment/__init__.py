"""What all steps work with, made once from the settings: the environment, the regional client, the budget, progress."""
