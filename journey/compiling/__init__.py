"""From definitions to one generated Python module: where everything stands (`layout`), and the text (`source`)."""
