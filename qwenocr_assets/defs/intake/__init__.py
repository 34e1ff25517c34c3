"""Files into documents and pages: the assets, and the sensor that watches the inbox."""
