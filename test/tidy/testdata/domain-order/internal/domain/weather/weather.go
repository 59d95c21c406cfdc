package weather
