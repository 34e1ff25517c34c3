"""The project's settings: one typed object from the environment, `.env`, and `pipeline.toml`."""

from qwenocr_assets.settings.accounts import AccountSettings, key_in
from qwenocr_assets.settings.loading import load_settings
from qwenocr_assets.settings.profile import Profile
from qwenocr_assets.settings.project import project_root
from qwenocr_assets.settings.sections import BudgetSettings, DeploySettings, ScoringSettings
from qwenocr_assets.settings.settings import REGIONS_WITH_KEYS, Settings
from qwenocr_assets.settings.values import Bucket

__all__ = [
    "REGIONS_WITH_KEYS",
    "AccountSettings",
    "Bucket",
    "BudgetSettings",
    "DeploySettings",
    "Profile",
    "ScoringSettings",
    "Settings",
    "key_in",
    "load_settings",
    "project_root",
]
