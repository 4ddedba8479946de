# whiten     M' = U_G M U_A,  U = (F/f + d I)^(-1/2) of noise images at released parameters
# clip       g = M' min(1, C/|M'|)
# correlate  w_t = (z_t - r z_(t-1)) / c_0 + r^b w_(t-b)
# release    y_t = (S_t + sigma C w_t) / (q N)
# follow     v_t = m v_(t-1) + G y_t,  x_t = x_(t-1) - eta_t v_t
#
# Not the benchmark's: its contract has neither correlated noise nor a
# whitening, and its accountant would take either for independent noise.
