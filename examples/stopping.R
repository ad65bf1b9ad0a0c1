# A linear model of the distance that old cars need to stop, and a table of what it predicts.
#
#   isorun run --isolation docker examples/stopping.R --output output/stopping
model <- lm(dist ~ speed, data = cars)
slope <- coef(model)[["speed"]]
cat(sprintf("each mph adds %.2f ft (R^2 = %.2f)\n", slope, summary(model)$r.squared))
speeds <- data.frame(speed = seq(5, 25, by = 5))
speeds$distance <- round(predict(model, speeds), 1)
write.csv(speeds, "stopping.csv", row.names = FALSE)
